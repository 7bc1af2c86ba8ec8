"""Who keeps what people chose for use cases: each workshop session its own; in memory for all screens, in store.db."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from hub.kept import Kept
from hub.usecases.choosing import NOTHING, SHARED, Choices
from hub.usecases.schema import UseCase

Change = Callable[[UseCase, Choices], Choices]
AT = "/"
"""Between a use case and the table whose own choice it is; the whole room's has neither."""


class Chosen:
    """The choices of all sessions; what changes them belongs to the thread that owns the store, the rest to any.

    A session begins with everything as the use cases have it; one that is paused, or was when the hub stopped, finds
    its own again. What is chosen while there is no session belongs to nobody (`SHARED`). Each table that plays by
    itself chooses for itself, and begins as the use cases have it.
    """

    def __init__(self, kept: Kept, session: str | None = None) -> None:
        """Go on from what is kept, in a session; None: there is none."""
        self._kept = kept
        self._choices: Mapping[str, Mapping[str, Choices]] = kept.choices()
        self._session = session or SHARED

    def of(self, usecase: str, session: str | None = None, table: int = 0) -> Choices:
        """Return what was chosen for a use case in a session (None: in the one that is on), by a table or the room."""
        return self._choices.get(session or self._session, {}).get(_key(usecase, table), NOTHING)

    def stands(self, session: str | None, known: Collection[str]) -> bool:
        """Tell whether `enter` would change nothing."""
        return self._session == (session or SHARED) and self._choices.keys() <= {*known, SHARED}

    def enter(self, session: str | None, known: Collection[str]) -> Mapping[str, Any]:
        """Go over to a session (None: to none), and forget those that are erased: all but `known`.

        Returns:
            What pages have to hear: empty when nothing changed for them.

        Raises:
            StoreError: what was erased is still kept.
        """
        erased = self._choices.keys() - {*known, SHARED}
        if erased:
            self._keep({name: each for name, each in self._choices.items() if name not in erased})
        before, self._session = self._session, session or SHARED
        if before == self._session:
            return {}
        gone = self._choices.get(before, {})
        return {name: msgspec.to_builtins(NOTHING) for name in gone if AT not in name} | self.told()

    def change(self, usecase: UseCase, how: Change, table: int = 0) -> Choices:
        """Change what was chosen in the session that is on, by a table or (0) for the whole room, and keep it.

        Raises:
            NotFoundError: there is no such thing to choose.
            UsageError: it cannot be chosen.
            StoreError: nothing was kept.
        """
        chosen = how(usecase, self.of(usecase.name, table=table))
        session = {**self._choices.get(self._session, {}), _key(usecase.name, table): chosen}
        self._keep({**self._choices, self._session: session})
        return chosen

    def take(self, usecase: str, choices: Choices, session: str, table: int = 0) -> None:
        """Keep what was chosen at another worker.

        Raises:
            StoreError: nothing was kept.
        """
        known = {**self._choices.get(session, {}), _key(usecase, table): choices}
        self._keep({**self._choices, session: known})

    @property
    def session(self) -> str:
        """The session that is on; `SHARED`: none."""
        return self._session

    def _keep(self, choices: Mapping[str, Mapping[str, Choices]]) -> None:
        self._kept.put_choices(choices)
        self._choices = choices

    def told(self, table: int = 0) -> dict[str, Any]:
        """Return use case → its choices, as the pages of the room, or of a table, hear them live."""
        known = self._choices.get(self._session, {})
        return {name: msgspec.to_builtins(each) for key, each in known.items() for name in _of(key, table)}

    def anew(self, table: int) -> dict[str, Any]:
        """Return what a table's pages have to hear when another session is on: its choices, and what is none now."""
        ever = {name for session in self._choices.values() for key in session for name in _of(key, table)}
        return dict.fromkeys(ever, msgspec.to_builtins(NOTHING)) | self.told(table)


def _key(usecase: str, table: int) -> str:
    return f"{usecase}{AT}{table}" if table else usecase


def _of(key: str, table: int) -> Iterator[str]:
    """Yield the use case of a key, where it is that table's."""
    name, _, number = key.partition(AT)
    if number == (str(table) if table else ""):
        yield name
