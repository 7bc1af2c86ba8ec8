"""The parts end in their order."""

from typing import cast

from hub.supervisor import Part, Supervisor


class Noting:
    """A part that notes what it is told."""

    def __init__(self, name: str, notes: list[str]) -> None:
        """Note in a list."""
        self._name, self._notes = name, notes

    def let_go(self) -> None:
        """Note it."""
        self._notes.append(f"{self._name} may go")

    def end(self) -> None:
        """Note it."""
        self._notes.append(f"{self._name} has gone")


def test_those_named_together_end_at_once_and_the_next_when_they_have_gone() -> None:
    """What simulators and hub still say reaches the journal; a part that never started is passed over."""
    notes: list[str] = []
    supervisor = Supervisor()
    supervisor.parts = {name: cast("Part", Noting(name, notes)) for name in ("hub", "ingest", "sim")}
    supervisor.close(("sim", "hub"), ("other", "ingest"))
    assert notes == ["sim may go", "hub may go", "sim has gone", "hub has gone", "ingest may go", "ingest has gone"]
