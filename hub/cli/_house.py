"""The hub a command speaks to: the living one over its API, else its files under the lock, by the same questions."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlencode

import msgspec
from filelock import Timeout

from hub import datafolder
from hub.acting import Acting
from hub.chosen import Chosen
from hub.config import load
from hub.datafolder import Living
from hub.errors import ConfigError, HubError, NotFoundError, UsageError
from hub.forgetting import Finder, elsewhere
from hub.guests.house import Guests, installed
from hub.guests.proxy import drivers
from hub.journal import place
from hub.journal.base import Journal
from hub.kept import Kept
from hub.live import Live, action_view
from hub.model import Action, Message, Source
from hub.registry import Registry, load_bundled
from hub.reporting import Reporter
from hub.rules.calendar import Calendar
from hub.sessions import Sessions
from hub.storytelling import Known
from hub.understand import Understanding
from hub.usecases.loader import load_all, payload_formats
from hub.workshop.desk import TOPIC as CONTROL
from hub.workshop.report.content import Whose
from hub.workshop.report.forms import FORMS, Form
from hub.workshop.report.words import Language
from hub.workshop.session import Moment, Session, Wish

PATIENCE_S = 120.0
"""A forgotten device may have filled the journal."""


class House(Protocol):
    """Answers the questions of the API that concern devices and workshop sessions."""

    at_once: int
    """How many reports may be fetched at a time, each in a thread of its own."""

    def fetch(self, session: str, form: Form, language: Language, whose: Whose) -> bytes:
        """Return the report of a workshop session, for all or for somebody, as a file.

        Raises:
            NotFoundError: there is no such session, or not any more.
            HubError: it cannot be made.
        """

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer.

        Raises:
            NotFoundError: there is no such thing.
            UsageError: it is refused; the message is the hub's own.
            HubError: it failed.
        """


NO_HUB = "no hub runs on this data folder, and this needs one: start it, then say it again"


def shared(what: str, data: Path) -> str:
    """Return why something is not done on files of which other workers have theirs too: what, where, and the remedy."""
    from hub.journal.nats_link import without_password  # noqa: PLC0415 — only where NATS is spoken of

    where = without_password(place.url(data) or "")
    return (
        f"{what}: nothing was changed. No hub runs on {data}; its journal lies on {where}, which other workers read"
        f" too, and each must do it. Start the hub (HUB_DATA_DIR={data} matinales run) and say it again, or say it with"
        " the --data of a worker that runs"
    )


@contextmanager
def opened(data: Path) -> Iterator[House]:
    """Lend the living hub of a data folder, or its files when none lives.

    Raises:
        NotFoundError: there is neither.
        ConfigError: a hub holds the folder but does not answer.
    """
    living = datafolder.living(data)
    if living is not None and _answers(living):
        yield Neighbour(living)
        return
    if not (data / "store.db").is_file():
        msg = f"{data}: no hub has run here; name its folder with --data"
        raise NotFoundError(msg)
    with datafolder.owned(data), closing(Files(data)) as files:
        yield files


class Neighbour:
    """The living hub, by the secret of run.json."""

    def __init__(self, living: Living) -> None:
        """Speak to it."""
        self._base = f"{living.url}api/v1"
        self._headers = {"Authorization": f"Bearer {living.secret}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask over HTTP (see the contract)."""
        found: dict[str, Any] = json.loads(
            self._answer(method, path, None if body is None else json.dumps(body).encode())
        )
        return found

    at_once = 2  # one is read from the store while another one is set, which lets it run

    def fetch(self, session: str, form: Form, language: Language, whose: Whose) -> bytes:
        """Fetch a report (see the contract)."""
        asked = {"format": form, "lang": language, "participant": whose.participant, "table": whose.table}
        query = urlencode({key: each for key, each in asked.items() if each is not None})
        return self._answer("GET", f"/sessions/{quote(session, safe='')}/report?{query}")

    def _answer(self, method: str, path: str, data: bytes | None = None) -> bytes:
        request = urllib.request.Request(self._base + path, data, self._headers, method=method)  # noqa: S310 — our own address
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 — likewise
                whole: bytes = answer.read()
                return whole
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except OSError as error:
            msg = f"the hub at {self._base} does not answer ({error})"
            raise HubError(msg) from error


def _refusal(error: urllib.error.HTTPError) -> HubError:
    try:
        said = json.load(error)
        words = said.get("detail") or said.get("reason") or error.reason
    except ValueError:
        words = error.reason
    kind = NotFoundError if error.code == 404 else UsageError if error.code < 500 else HubError  # noqa: PLR2004 — HTTP
    return kind(str(words))


def _answers(living: Living) -> bool:
    try:
        with urllib.request.urlopen(f"{living.url}health", timeout=5):  # noqa: S310 — our own address
            return True
    except OSError:
        return False


class Files:
    """The files of a hub that does not run."""

    def __init__(self, data: Path) -> None:
        """Open the store; the folder's lock is held."""
        self._data = data
        config = load()
        self._kept = Kept(data, forwards=config.store == "influx")
        bundled = load_bundled()
        self._guests = Guests(installed(), taken=bundled)
        self._cases = load_all()
        formats = payload_formats(config.payload_formats, self._cases.values())
        self._registry = Registry({**bundled, **drivers(self._guests)}, formats)
        self._live = Live()
        self._live.apply(self._kept.restored())
        self._read_back()
        self._acting = Acting(
            kept=self._kept,
            understanding=lambda: self._mind,
            deliver=lambda outcome: self._live.apply(outcome.batch),
            forgotten=self._read_back,
        )
        self._sessions = Sessions(
            data,
            kept=self._kept,
            reader=lambda: place.reader(data),
            mark=self._mark,
            erase=self._erase_now,
            purge=lambda inside, positions: self._kept.purge(inside, positions)[0],
            forget=self._acting.forget_phones,
            today=lambda: datetime.now(config.zone).date(),
        )

    def close(self) -> None:
        """Close them."""
        self._sessions.close()
        self._guests.close()
        self._kept.close()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Do what the API would (see the contract)."""
        what, *rest = [unquote(level) for level in path.strip("/").split("/")]
        wish = dict(body or {})
        acting, by = self._acting, "command line"
        deeds: dict[tuple[str, ...], Callable[[], Action]] = {
            ("PATCH", "devices"): lambda: acting.change(rest[0], wish, by),
            ("POST", "devices", "merge"): lambda: acting.merge(rest[0], wish["into"], by),
            ("POST", "devices", "unmerge"): lambda: acting.unmerge(rest[0], by),
            ("POST", "actions", "undo"): lambda: acting.undo(int(rest[0]) or None, by),
            ("PUT", "ignored"): lambda: acting.ignore_topics(wish["topics"], by),
        }
        if method == "GET":
            return self._look(what, *rest)
        if what != "drivers" and place.url(self._data) is not None:
            raise UsageError(shared(" ".join((what, *rest)), self._data))
        if what == "sessions":
            return self._sit(method, rest, wish)
        if what == "drivers":
            return self._switch(*rest)
        if (method, what, len(rest)) == ("DELETE", "devices", 1):
            return self._forget(rest[0])
        deed = deeds.get((method, what, *rest[1:]))
        if deed is None:
            raise UsageError(NO_HUB)
        return self._told(deed())

    at_once = 1

    def fetch(self, session: str, form: Form, language: Language, whose: Whose) -> bytes:
        """Make a report (see the contract)."""
        return FORMS[form].render(self._reporter().report(session, language, whose))

    def _reporter(self) -> Reporter:
        chosen, cast, calendar = Chosen(self._kept), self._kept.cast(), Calendar(load().zone)
        for run in self._kept.runs():
            calendar.plays(run.id, run.days)
        known = Known(
            cases=self._cases,
            calendar=calendar,
            runs=self._kept.runs,
            chosen=chosen.of,
            cast=lambda usecase: cast.get(usecase, {}),
            uids=self._live.uids,
            names=lambda: {uid: each.name for uid, each in self._live.devices.items()},
            now=time.time_ns,
        )
        return Reporter(self._sessions, self._kept.history, known)

    def _look(self, what: str, *rest: str) -> dict[str, Any]:
        if what == "sessions":
            return self._sessions.whole(rest[0]) if rest else self._sessions.told()
        if what == "actions":
            return {"actions": [action_view(each) for each in self._kept.actions(100)]}
        if what == "drivers":
            return {"drivers": self._drivers()}
        if what == "tables":
            raise UsageError(NO_HUB)
        if what == "ignored":
            return {"topics": list(self._acting.ignored_topics)}
        return {"devices": self._live.device_views()}

    def _drivers(self) -> list[dict[str, Any]]:
        absences = self._kept.absences()
        off = {model: each.off for model, each in absences.items() if each.off is not None}
        return [
            each | ({"state": "off", "reason": off[each["name"]]} if each["name"] in off else {})
            for each in self._guests.views()
        ]

    def _switch(self, name: str, how: str) -> dict[str, Any]:
        """Note what the hub shall do with a driver of another package once it starts."""
        self._guests.named(name)
        on = how == "enable"
        self._kept.put_absence(name, off=None if on else "was switched off by hand", again=on)
        return next(each for each in self._drivers() if each["name"] == name)

    def _told(self, action: Action) -> dict[str, Any]:
        if "topics" in action.after or not action.device:
            return {"topics": list(self._acting.ignored_topics), "id": "", "action": action.id or None}
        uid = self._mind.resolve(action.device)
        return {**self._live.device_view(uid), "action": action.id or None}

    def _sit(self, method: str, rest: list[str], wish: dict[str, Any]) -> dict[str, Any]:
        """Do what the API would with a workshop session."""
        sessions, desk = self._sessions, self._sessions.desk
        if method == "DELETE":
            return sessions.purge(rest[0])
        known = msgspec.convert(wish, Wish) if wish else None
        deeds: dict[str, Callable[[], Session]] = {
            "pause": lambda: desk.pause(rest[0]),
            "resume": lambda: desk.resume(rest[0]),
            "archive": lambda: desk.archive(rest[0]),
            "reset": lambda: desk.reset(rest[0], known),
        }
        done = deeds[rest[1]]() if rest else desk.start(known or Wish(title=""))
        sessions.build(self._kept.position())
        return sessions.view(desk.session(done.id))

    def _mark(self, said: Mapping[str, str]) -> Moment:
        """Append a control record; no run lives where no hub does."""
        at = time.time_ns()
        with self._journal() as journal:
            message = Message(CONTROL, msgspec.json.encode(said), at, source=Source.HTTP, qos=0)
            return Moment(journal.append([message]), at)

    def _erase_now(self, positions: Sequence[int]) -> int:
        with self._journal() as journal:
            return journal.erase(positions)

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        """Lend the journal, for writing.

        Raises:
            ConfigError: an ingest process still writes it.
        """
        try:
            with (
                datafolder.lock_of(self._data / "ingest.lock", timeout=1),
                closing(place.journal(self._data)) as journal,
            ):
                yield journal
        except Timeout:
            msg = f"{self._data}: an ingest process still writes the journal; end it and say it again"
            raise ConfigError(msg) from None

    def _forget(self, name: str) -> dict[str, Any]:
        finder = Finder(self._registry, self._mind.contexts(), self._acting.names(name))
        with self._journal() as journal, closing(place.reader(self._data)) as reader:
            messages = sum(journal.erase(found) for found in finder.find(reader))
        readings, left = self._acting.forget(name), elsewhere(influx=self._kept.is_sent_on)
        return {"id": name, "forgotten": True, "readings": readings, "messages": messages, "elsewhere": left}

    def _read_back(self) -> None:
        self._mind = Understanding(
            self._registry, self._kept.memory(self._registry), zone=load().zone, asks=False, foreign=False, wall=int
        )
