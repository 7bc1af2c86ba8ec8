"""The journal on NATS servers under load, with parts of the hub killed (reliability.md §3.2, S2 and S3)."""

from hub.bench import ledger
from servers import nats


def test_three_kills_of_ingest_and_hub_cost_nothing_with_the_journal_on_nats() -> None:
    """R1 again: what was acknowledged to the broker was on the server before, synced."""
    figures = ledger.measure(seconds=3, rate=1_000, kills=3, journal=nats.fresh_url(), seed=7)
    wrong = {name: many for name, many in figures.items() if name.endswith(ledger.WRONG) and many}
    assert wrong == {}, figures
    assert figures["hub_acked"] == figures["hub_stored"] >= figures["device_acked"] > 300
    assert figures["connections"] >= 4
