"""A hub's own words, bent on their way to one page: every state of every story without waiting for each of them.

Frames and story are the living hub's. In the page, before its program, stands somebody who makes a device silent, a
value doubtful or a role nobody's, and raises alarms in the words of the story's own rules.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from playwright.sync_api import Page

from hub.usecases.schema import UseCase

State = Literal["live", "waiting", "stale", "uncertain", "bad", "missing"]
Whose = Literal["all", "first", "last"]
AlarmState = Literal["unacknowledged", "acknowledged", "returned"]
SPOKEN = {"fr": "1\u202fh\u202f50", "en": "1\u202fh\u202f50\u202fmin"}
BLANK = re.compile(r"{\w+}")
BENDING = """
const SILENT_MS = 59 * 60_000; // an age that takes its room in two languages
const bent = window.bent = { told: 0, measures: {} };
bent.bend = {value: 'live', of: 'all', alarm: null, replayed: false, frozen: false};
const run = () => bent.full?.scenario.run ?? 'unheard';
const renamed = (text) => bent.bend.replayed ? text.replaceAll(run(), `replay-${run()}`) : text;
const meant = (measures) => {
    const large = measures.filter((each) => each.primary);
    return {all: large, first: large.slice(0, 1), last: large.slice(-1)}[bent.bend.of];
};
const ask = window.fetch;
window.fetch = async (where, how) => {
    const path = String(where.url ?? where);
    const answer = await ask(path.replace(`replay-${run()}`, run()), how);
    if (!path.includes('/api/v1/') || answer.status !== 200) return answer;
    let text = await answer.text();
    if (/usecases[/][a-z0-9_]+$/.test(path)) {
        const story = JSON.parse(text);
        bent.measures[story.name] = JSON.parse(text).measures;
        if (bent.bend.value === 'missing') for (const each of meant(story.measures)) each.device = null;
        text = JSON.stringify(story);
    }
    return new Response(renamed(text), {headers: answer.headers});
};
const Socket = WebSocket;
window.WebSocket = class extends Socket {
    constructor(...where) {
        super(...where);
        this.addEventListener('message', ({ data }) => {
            const frame = JSON.parse(typeof data === 'string' ? data : new TextDecoder().decode(data));
            if (frame.type !== 'full') return;
            bent.full = frame;
            bent.tell();
        });
    }
    set onmessage(hears) { bent.hears = hears; }
};
function worth(frame, measure, now) {
    const { value } = bent.bend;
    const device = frame.devices.find(({ id }) => id === measure.device);
    const said = measure.computed
        ? frame.computed[frame.scenario.usecase]?.measures[measure.name]
        : device?.channels.find(({ name }) => name === measure.channel);
    const unplayed = value === 'missing'; // the story says it; what is computed of nobody's word has no value
    if (said === undefined || value === 'live' || (unplayed && !measure.computed)) return;
    if (value === 'waiting' || unplayed) Object.assign(said, {value: null, time: null, quality: null});
    else if (value === 'stale') {
        said.time = new Date(now - SILENT_MS).toISOString();
        said.believed = false;
        if (device) device.availability = 'offline';
    } else said.quality = value;
}
bent.tell = () => {
    if (bent.full === undefined || !bent.hears) return;
    const frame = structuredClone(bent.full);
    const { usecase, run: runs } = frame.scenario;
    const now = Date.parse(frame.runs[runs].now);
    for (const each of meant(bent.measures[usecase] ?? [])) worth(frame, each, now);
    frame.seq = bent.told += 1;
    // another number of devices than before has the page ask for its story anew
    if (bent.told % 2) frame.devices.push({...frame.devices[0], id: 'generic:one-more'});
    if (bent.bend.frozen) frame.wall.frozen = new Date(now).toISOString();
    const { alarm } = bent.bend;
    frame.alarms = alarm === null ? [] : [{
        ...alarms[usecase], id: 'bent', device: '', usecase, run: runs, priority: 'high', state: alarm, past: false,
        raised_at: new Date(now - SILENT_MS).toISOString(),
        returned_at: alarm === 'returned' ? new Date(now).toISOString() : null,
        acknowledged_at: alarm === 'acknowledged' ? new Date(now).toISOString() : null,
        acknowledged_by: null, comment: null, indicative: true,
    }];
    bent.hears({data: renamed(JSON.stringify(frame))});
};
"""


@dataclass(frozen=True, slots=True)
class Bend:
    """What a page hears instead of what the hub said.

    Attributes:
        value: the state of the large values.
        of: whose: all of them, or only the first one's device or the last one's.
        alarm: the state of the alarm that stands; None: none does.
        replayed: it all comes from a recording.
        frozen: the facilitator has it stand still.
    """

    value: State = "live"
    of: Whose = "all"
    alarm: AlarmState | None = None
    replayed: bool = False
    frozen: bool = False

    @property
    def name(self) -> str:
        """What its picture is called."""
        return "_".join([self.value, self.of, self.alarm or "calm", *(["replayed"] if self.replayed else [])])


def stand_between(page: Page, stories: Mapping[str, UseCase]) -> None:
    """Stand between a page that is not opened yet and its hub; the rules of `stories` give the alarms their words."""
    alarms = {name: _alarm(usecase) for name, usecase in stories.items()}
    page.add_init_script(f"{{ const alarms = {json.dumps(alarms)};{BENDING} }}")


def say(page: Page, bend: Bend) -> None:
    """Say all that the hub said last once more, bent like this."""
    page.evaluate("bend => { window.bent.bend = bend; window.bent.tell(); }", asdict(bend))


def _alarm(usecase: UseCase) -> dict[str, Any]:
    """Return what the rule with the most to say gives its alarm, blanks filled with what takes room."""
    rule = max(usecase.rules, key=lambda each: len(each.say.fr) + (len(each.source.fr) if each.source else 0))
    return {
        "rule": rule.id,
        "measure": rule.measure,
        "texts": {key: BLANK.sub(SPOKEN[key], text) for key, text in rule.say.as_dict.items()},
        "source": rule.source.as_dict if rule.source else None,
    }
