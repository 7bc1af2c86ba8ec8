"""The floods under way on each run, as the page and the API show them: the core is `hub.rules.flood`."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.live import Live
from hub.model import REAL, Alarm, rfc3339
from hub.rules import kinds
from hub.rules.flood import BEGINS, Flood, flood
from hub.rules.wording import Sentence, Text
from hub.usecases.schema import UseCase


class Floods:
    """Looks at the alarms that the live state has."""

    def __init__(self, live: Live, cases: Mapping[str, UseCase]) -> None:
        """Look at `live`; `cases`: whose rules and names are known."""
        self._live = live
        self._cases = cases
        silences = (
            (name, rule.id)
            for name, case in cases.items()
            for rule in case.all_rules
            if isinstance(rule, kinds.Silence)
        )
        self._silences = frozenset(silences)

    def now(self) -> list[Flood]:
        """Return the floods under way."""
        is_away = self._is_broker_away()
        found = (
            flood(alarms, self._live.now(run), is_silence=self._is_silence, is_broker_away=is_away)
            for run, alarms in self._of_runs()
        )
        return [each for each in found if each is not None]

    def at(self, run: str, time: int) -> Flood | None:
        """Return the flood that a run's alarm raised at `time` [ns] began or belongs to."""
        known = [each for each in self._live.alarms.values() if each.run == run and each.raised_at <= time]
        return flood(known, time, is_silence=self._is_silence, is_broker_away=self._is_broker_away())

    def sentence(self, one: Flood) -> Sentence:
        """Return the line that stands for all of a flood."""
        return one.sentence(self._named)

    def view(self) -> dict[str, Any]:
        """Return run → its flood, as `/live` and `GET /alarms` give it."""
        return {each.run: self._view(each) for each in self.now()}

    def _of_runs(self) -> Iterator[tuple[str, list[Alarm]]]:
        runs: dict[str, list[Alarm]] = {}
        for alarm in self._live.alarms.values():
            runs.setdefault(alarm.run, []).append(alarm)
        return ((run, alarms) for run, alarms in runs.items() if len(alarms) > BEGINS)

    def _is_broker_away(self) -> bool:
        return bool(self._live.parts.get("broker", {}).get("status") == "degraded")

    def _is_silence(self, alarm: Alarm) -> bool:
        return (alarm.usecase, alarm.rule) in self._silences

    def _view(self, one: Flood) -> dict[str, Any]:
        sentence = self.sentence(one)
        return {
            "since": rfc3339(one.since),
            "count": len(one.alarms),
            "priority": one.priority,
            "cause": one.cause,
            "of": one.of,
            "alarms": [alarm.id for alarm in one.alarms],
            "text": sentence.text.as_dict,
        }

    def _named(self, one: Flood) -> Text:
        of = one.of or ""
        if of in self._cases:
            return self._cases[of].title
        if one.run != REAL and (role := self._role(one)) is not None:
            return role
        device = self._live.devices.get(of)
        return Text(*[of if device is None else device.name] * 2)

    def _role(self, one: Flood) -> Text | None:
        """Return what the device is for, in quotes: nobody in the room named a simulated one."""
        alarm = next((each for each in one.alarms if each.device == one.of), None)
        case = None if alarm is None else self._cases.get(alarm.usecase)
        measure = None if alarm is None or case is None else case.measures.get(alarm.measure)
        role = None if case is None or measure is None else case.roles.get(measure.role or "")
        return None if role is None else Text(f"« {role.title.fr} »", f"“{role.title.en}”")
