"""Makes the report of a workshop session out of what is stored: its archive where there is one, else the store. Blocks.

What is said is decided in `hub.reported`, how it is laid out in `hub.workshop.report`; here it is read.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from hub import reported
from hub.errors import NotFoundError
from hub.model import NS, REAL, Alarm, Run
from hub.rules.wording import clock, duration
from hub.sessions import Sessions
from hub.store.base import History
from hub.storytelling import Known, Teller, counted
from hub.workshop.report.content import Kept, Note, Own, Report, Step, Whose
from hub.workshop.report.words import Language, day, headings, said, say
from hub.workshop.session import Session, State

DEMO = "cold_room"
WINDOWS = "py -m venv .venv\n.venv\\Scripts\\pip install -c requirements.lock .\n.venv\\Scripts\\activate"
UNIX = "python3 -m venv .venv\n.venv/bin/pip install -c requirements.lock .\n. .venv/bin/activate"


class Reporter:
    """Makes reports.

    Args:
        sessions: the workshop sessions.
        history: the living store, for sessions that are not archived yet.
        known: everything else.
    """

    def __init__(self, sessions: Sessions, history: History, known: Known) -> None:
        """Read nothing yet."""
        self._sessions = sessions
        self._history = history
        self._known = known

    def report(self, name: str, language: Language, whose: Whose | None = None) -> Report:
        """Return the report of a session; of one that is not over, as things stand.

        Args:
            name: its id.
            language: of all of it.
            whose: the table or participant it is for; None: everybody.

        Raises:
            NotFoundError: there is none of that id, or nobody like that: it never was, or it has been erased.
            StoreError: its readings cannot be read.
        """
        session, own = self._session(name), self._own(name, whose or Whose(), language)
        with self._sessions.history(name) as archived:
            teller = Teller(
                self._known,
                self._history if archived is None else archived,
                language,
                session=name,
                tracks=self._sessions.archives.tracks(name) if session.kept else {},
                spans=self._sessions.spans(name),
                alarms=self._sessions.alarms(name),
                table=0 if own is None else own.table,
            )
            stories = tuple(teller.stories())
            curves = () if own is None else tuple(teller.own(own))
        votes = self._sessions.ballot.of(name)
        return Report(
            language=language,
            title=session.title,
            place=session.place,
            whose="" if own is None else own.name,
            when=self._when(session, language),
            notice=self._notice(session, language),
            facts=tuple(self._facts(session, teller.alarms, len(votes), language)),
            own=curves,
            stories=stories,
            votes=reported.polls(votes, language),
            notes=tuple(self._notes(name, language)),
            home=tuple(self._home(session, language)),
            kept=tuple(self._kept(language)),
            words=headings(language),
        )

    def _session(self, name: str) -> Session:
        known = next((each for each in self._sessions.desk.sessions() if each.id == name), None)
        if known is None:
            msg = (
                f"no session {name[:40]!r}, or not any more: once it is erased no report of it can be made; "
                "`matinales session list` shows those there are"
            )
            raise NotFoundError(msg)
        return known

    def _own(self, session: str, whose: Whose, language: Language) -> Own | None:
        """Return for whom it is: a participant with their own phone, a table with those of all who sit at it."""
        people = self._sessions.people.of(session)
        if whose.participant is not None:
            found = [each for each in people if each.id == whose.participant]
        elif whose.table is not None:
            found = [each for each in people if each.table == whose.table]
            if not found and whose.table in self._played_by(session):
                return Own(name=say("table", language, table=str(whose.table)), table=whose.table)
        else:
            return None
        if not found:
            asked = f"table {whose.table}" if whose.participant is None else f"participant {whose.participant[:40]!r}"
            msg = f"nobody of session {session} is {asked}, or not any more: who leaves is forgotten"
            raise NotFoundError(msg)
        table, name = found[0].table, found[0].name if whose.participant is not None else ""
        called = [*([] if table is None else [say("table", language, table=str(table))]), *([name] if name else [])]
        devices = tuple(each.device for each in found)
        return Own(name=" · ".join(called) or say("somebody", language), devices=devices, table=table or 0)

    def _played_by(self, session: str) -> set[int]:
        """Return the tables that had a simulator of their own in a session."""
        inside = {span.run for span in self._sessions.spans(session)}
        return {run.table for run in self._known.runs() if run.table and run.id in inside}

    def _local(self, time: int) -> datetime:
        return self._known.calendar.local(REAL, time)

    def _when(self, session: Session, language: Language) -> str:
        start = self._local(session.started)
        parts = {"day": day(start.date()), "start": clock(start)}
        if session.ended is None:
            return say("since", language, **parts)
        return say("hours", language, **parts, stop=clock(self._local(session.ended)))

    def _notice(self, session: Session, language: Language) -> str:
        if session.state in {State.OPEN, State.PAUSED}:
            return say("going", language, now=clock(self._local(self._known.now())))
        return "" if session.kept else say("being_written", language)

    def _facts(self, session: Session, alarms: Sequence[Alarm], votes: int, language: Language) -> Iterator[str]:
        ended = self._known.now() if session.ended is None else session.ended
        yield say("lasted", language, span=duration((ended - session.started) / NS))
        rung = sum(not alarm.past for alarm in alarms)
        yield counted(rung, "no_alarms", "one_alarm", "alarms", language)
        tables = len(self._played_by(session.id))
        if tables:
            yield counted(tables, "", "one_table", "tables", language)
        if votes:
            yield counted(votes, "", "one_vote", "votes", language)
        yield say("erased", language, day=day(date.fromisoformat(session.purge)))

    def _home(self, session: Session, language: Language) -> Iterator[Step]:
        """Yield what to type at home; every line is one that this version of the command takes."""
        yield Step(text=say("installs", language), command=WINDOWS)
        yield Step(text=say("installs_too", language), command=UNIX)
        inside = [run for run in self._known.runs() if not run.table and self._is_inside(run, session)]
        seeds = {run.scenario: run.seed for run in inside}
        for scenario in [each for each in seeds if each in self._known.cases] or [DEMO]:
            title, seed = self._known.cases[scenario].title, seeds.get(scenario)
            line = f"matinales demo --use-case {scenario}"
            yield Step(
                text=say("plays" if seed is None else "plays_seed", language, story=title),
                command=line if seed is None else f"{line} --seed {seed}",
            )
        yield Step(text=say("plugs", language), command="matinales demo --lan")
        yield Step(text=say("checks", language), command="matinales doctor")
        if session.state is State.ARCHIVED:
            yield Step(text=say("replays", language), command=f"matinales replay {session.id}")

    def _is_inside(self, run: Run, session: Session) -> bool:
        return any(span.run == run.id for span in self._sessions.spans(session.id))

    def _notes(self, session: str, language: Language) -> Iterator[Note]:
        for each in self._sessions.notebook.of(session):
            when = clock(self._known.calendar.local(each.run, each.time))
            yield Note(when=said(when, language), text=each.text, by=each.author)

    def _kept(self, language: Language) -> Iterator[Kept]:
        for each in self._sessions.keeps():
            yield Kept(text=each["text"][language], until=each["until"][language])
        yield Kept(text=say("report_copy", language), until=say("copies_until", language))
