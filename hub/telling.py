"""Tells people, programs and a device that rings of alarms, where the settings name any (`hub.notify`)."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from hub.config import Config
from hub.driver import Command
from hub.flooding import Floods
from hub.kept import Kept
from hub.live import Live
from hub.model import NS, REAL, Alarm, Commanded
from hub.notify.notifier import Notifier, Tell
from hub.notify.siren import Siren, rings
from hub.notify.ways import Post, Smtp
from hub.notify.wishes import MAIL, WEB
from hub.notify.words import Context, mail, posted
from hub.rules.flood import Flood
from hub.rules.wording import Text
from hub.store.notices import Notice
from hub.timeline import ENDED
from hub.usecases.schema import UseCase
from hub.worker import Worker

RECENT_COMMANDS = 200
TOLD_BY_NOW = 30 * NS
"""How old a notice is that the worker whose turn it is has told [ns]; one that takes over tells the younger again,
under the same key."""


class Outbox:
    """What waits in store.db: read beside the worker, changed in its thread."""

    def __init__(self, kept: Kept, worker: Worker, stands_by: Callable[[], bool]) -> None:
        """Stand between the two threads."""
        self._kept = kept
        self._worker = worker
        self._stands_by = stands_by

    async def waiting(self) -> Sequence[Notice]:
        """Return what waits, oldest first; where another worker tells, only what it may not have told is kept."""
        found = await asyncio.to_thread(self._kept.notices)
        if not self._stands_by():
            return found
        told = [each.id for each in found if each.at < time.time_ns() - TOLD_BY_NOW]
        if told:
            await self.settle(told, {})
        return []

    async def settle(self, done: Collection[int], again: Mapping[int, int]) -> None:
        """Let go what was told or never will be; try others again at a time [ns]."""
        await asyncio.wrap_future(self._worker.call(lambda: self._kept.settle_notices(done, again)))


class Telling:
    """All ways of telling beside the page."""

    def __init__(
        self,
        config: Config,
        *,
        kept: Kept,
        worker: Worker,
        live: Live,
        floods: Floods,
        cases: Mapping[str, UseCase],
        stands_by: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare; from now on steps of alarms are kept until they are told."""
        self._config = config
        self._wishes = wishes = config.wishes
        self._kept = kept
        self._worker = worker
        self._live = live
        self._floods = floods
        self._cases = cases
        kept.ways = wishes.ways
        self._ways: dict[str, Tell] = {}
        if wishes.url is not None:
            secret, token = config.notify_secret, config.notify_token
            self._post = Post(wishes.url, secret=secret, token=token, wall=time.time_ns)
            self._ways[WEB] = self._by_web
        if wishes.mailbox is not None:
            self._smtp = Smtp(wishes.mailbox, config.mail_password)
            self._ways[MAIL] = self._by_mail
        self._notifier = Notifier(
            outbox=Outbox(kept, worker, stands_by), ways=self._ways, flood_at=self._flood_at, wall=time.time_ns
        )
        self._siren: Siren | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the settings name anybody."""
        return bool(self._ways)

    async def run(self) -> None:
        """Tell what waits, for ever."""
        await self._notifier.run()

    def wake(self) -> None:
        """Say that an alarm changed."""
        self._notifier.wake()

    def siren_due(self) -> tuple[str, Command] | None:
        """Return what the device that rings is to be commanded now; None: nothing."""
        if self._siren is None or self._wishes.siren is None:
            return None
        device, channel = self._wishes.siren
        living = [each for each in self._live.alarms.values() if self._lives(each.run) and not self._hides(each.device)]
        value = self._siren.due(time.time_ns(), rings=rings(living, self._wishes))
        return None if value is None else (device, Command(channel, value))

    def _lives(self, run: str) -> bool:
        """Tell whether a timeline goes on: an alarm of one that ended never returns to normal."""
        known = self._live.runs.get(run)
        return run == REAL or (known is not None and known.state != ENDED)

    def _hides(self, uid: str) -> bool:
        """Tell whether a facilitator keeps a device from the room: neither its values nor its alarms are there."""
        device = self._live.devices.get(uid)
        return device is not None and device.hidden

    def siren_given(self, command: Commanded) -> None:
        """Take what became of it."""
        if self._siren is not None:
            self._siren.given(command)

    def resume(self) -> None:
        """Go on from what the device that rings was last told; in the worker's thread."""
        if self._wishes.siren is not None:
            device, channel = self._wishes.siren
            uid = self._worker.understanding.resolve(device)
            self._siren = Siren(channel, self._kept.commands(RECENT_COMMANDS, uid))

    def trouble(self) -> tuple[str, str] | None:
        """Return the way that does not work, and why; None: all do."""
        return self._notifier.trouble()

    def counters(self) -> Mapping[str, float]:
        """Return what is counted, for /metrics."""
        return {**self._notifier.counters(), "notices_dropped_total": self._kept.unsaid}

    async def _by_web(self, notice: Notice, flood: Flood | None) -> None:
        sentence = None if flood is None else self._floods.sentence(flood)
        view = self._live.alarm_view(notice.said.alarm)
        await self._post.send(notice.key, posted(notice, view, flood, sentence))

    async def _by_mail(self, notice: Notice, flood: Flood | None) -> None:
        box = self._wishes.mailbox
        assert box is not None  # noqa: S101 — else this way would not be there
        context = self._context(notice.said.alarm, flood)
        await self._smtp.send(mail(notice, box, self._config.lang, context, datetime.now(UTC)))

    def _context(self, alarm: Alarm, flood: Flood | None) -> Context:
        case = self._cases.get(alarm.usecase)
        rule = None
        if case is not None:
            rule = next((each for each in case.all_rules if each.id == alarm.rule), None)
        device = self._live.devices.get(alarm.device)
        return Context(
            usecase=Text(alarm.usecase, alarm.usecase) if case is None else case.title,
            rule=Text(alarm.rule, alarm.rule) if rule is None else rule.title,
            source=None if rule is None else rule.source,
            device=alarm.device if device is None else device.name,
            raised=datetime.fromtimestamp(alarm.raised_at / NS, self._config.zone),
            page=self._config.public_url,
            flood=None if flood is None else self._floods.sentence(flood),
        )

    def _flood_at(self, notice: Notice) -> Flood | None:
        """Return the flood that was under way when the notice's alarm was raised; what came later changes nothing."""
        alarm = notice.said.alarm
        return self._floods.at(alarm.run, alarm.raised_at)
