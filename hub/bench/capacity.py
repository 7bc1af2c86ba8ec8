"""What a fleet of a given size needs, computed from costs measured on this machine: cores, disk, and what ends first.

The form is that of decision 0019: one ingest listens and journals, each worker understands and stores every message.
"""

from hub.bench import journal as journalling

SPARE = 0.6
"""Share of a core that is planned with: the rest is for peaks, pages and queries."""
_DAY_S = 86_400


def measure(
    *,
    devices: int = 100_000,
    period_s: float = 60.0,
    group: int = 500,
    understand_us: float = 100.0,
    journal: str = "",
    messages: int = 5_000,
) -> dict[str, float]:
    """Return cores and disk for so many devices, and how many of them one ingest and one worker can take.

    Args:
        devices: each sends the bench's usual telegram of three values.
        period_s: how often.
        group: messages committed together: half of the broker's window, 1,000 with the shipped Mosquitto's.
        understand_us: CPU of a message from journal to store: `matinales bench ingest` measures it here.
        journal: `nats://…` of an empty journal to measure; in a folder unless told.
        messages: how many are journalled to measure it.
    """
    cost = journalling.measure(messages=messages, group=group, journal=journal)
    rate = devices / period_s
    each_worker_us = understand_us + cost["read_us"]
    by_ingest, by_worker = (SPARE * 1e6 / us * period_s for us in (cost["append_us"], each_worker_us))
    return {
        "messages_per_second": rate,
        "journal_us": cost["append_us"],
        "ingest_cores": rate * cost["append_us"] / 1e6 / SPARE,
        "worker_cores": rate * each_worker_us / 1e6 / SPARE,
        "journal_gb_a_day_each_server": rate * cost["bytes"] * _DAY_S / 1e9,
        "devices_one_ingest": by_ingest,
        "devices_one_worker": by_worker,
        "worker_is_the_first_limit": float(by_worker < by_ingest),
    }
