"""Who keeps what people chose for use cases: in memory for all screens, in store.db for the next start."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hub.kept import Kept
from hub.usecases.choosing import NOTHING, SHARED, Choices
from hub.usecases.schema import UseCase

Change = Callable[[UseCase, Choices], Choices]


class Chosen:
    """The choices of all sessions; `change` belongs to the thread that owns the store, the rest to any."""

    def __init__(self, kept: Kept) -> None:
        """Go on from what is kept."""
        self._kept = kept
        self._choices = kept.choices()
        self.session = SHARED

    def of(self, usecase: str) -> Choices:
        """Return what was chosen for a use case in the session that is on."""
        return self._choices.get(self.session, {}).get(usecase, NOTHING)

    def change(self, usecase: UseCase, how: Change) -> Choices:
        """Change what was chosen in the session that is on, and keep it.

        Raises:
            NotFoundError: there is no such thing to choose.
            UsageError: it cannot be chosen.
            StoreError: nothing was kept.
        """
        chosen = how(usecase, self.of(usecase.name))
        session = self._choices.get(self.session, {}) | {usecase.name: chosen}
        after = self._choices | {self.session: session}
        self._kept.put_choices(after)
        self._choices = after
        return chosen

    def told(self) -> Mapping[str, Any]:
        """Return use case → its choices, as pages hear them live."""
        return {name: msgspec.to_builtins(each) for name, each in self._choices.get(self.session, {}).items()}
