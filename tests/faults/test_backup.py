"""A backup and what is let go while devices speak: nobody waits, and the restored copy passes the ledger (R23)."""

import pytest

from hub.bench import backup
from servers.brokers import KINDS, needs

WRONG = [f"{who}_{what}" for who in ("hub", "copy") for what in ("lost", "dup", "ghost", "mismatch")]


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_the_restored_copy_of_a_living_hub_passes_the_ledger(kind: str) -> None:
    """What was acknowledged before the backup began is in its journal, and in the store of the hub that takes it over.

    Old readings go meanwhile. The longest pause is `matinales bench backup`'s gate, and printed here.
    """
    needs(kind)
    figures = backup.measure(broker=kind)  # type: ignore[arg-type]
    print(figures)  # noqa: T201 — figures of the long tier are reported
    assert {name: figures[name] for name in WRONG if figures[name]} == {}, figures
    assert figures["copy_stored"] == figures["copy_acked"] > 100
    assert figures["hub_stored"] == figures["hub_acked"] > figures["copy_acked"]
    assert figures["old_readings_gone"] > 0
