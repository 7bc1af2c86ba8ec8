"""The hub's end of InfluxDB: what is written there, what is read there, and what the page says of it."""

import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.config import Config
from hub.kept import Kept
from hub.model import NS, rfc3339
from hub.store.influx import InfluxHistory
from hub.store.influx_client import SLOW, Client, Place
from hub.store.influx_errands import InfluxErrands
from hub.store.influx_writer import InfluxWriter, WriterStatus
from hub.store.outbox import Batch, Refused
from hub.store.tiered import TieredHistory
from hub.worker import Worker

if TYPE_CHECKING:
    from hub.journal.shares import Shares

BUDGET = 2_000_000_000
"""Bytes that may wait for InfluxDB; a fifth of the free disk where that is less (reliability.md §2.4)."""
BEHIND = 5 * NS
"""What waits longer than this [ns] makes InfluxDB's history incomplete."""
LATELY = 3600 * NS
"""A refusal is a banner for so long [ns]; the list keeps it."""
MINUTE, HOUR = 60 * NS, 3600 * NS


def place(config: Config) -> Place:
    """Return where readings go, of a configuration whose store is InfluxDB."""
    return Place(
        url=config.influx_url or "",
        token=config.influx_token or "",
        org=config.influx_org or "",
        bucket=config.influx_bucket or "",
    )


class Forwarding:
    """Brings what the worker stores to InfluxDB, and asks InfluxDB for history while that is whole."""

    def __init__(
        self,
        config: Config,
        data: Path,
        kept: Kept,
        worker: Worker,
        *,
        wall: Callable[[], int] = time.time_ns,
        shares: "Shares | None" = None,
    ) -> None:
        """Prepare; nothing is sent before `start`.

        Args:
            config: names InfluxDB.
            data: the data folder.
            kept: what waits lies there.
            worker: whose thread changes it.
            wall: wall clock [ns].
            shares: which partitions of the journal are this worker's; None: all of it is.
        """
        self._kept = kept
        self._shares = shares
        if shares is not None:
            kept.held = lambda: shares.held
            worker.begun_anew = shares.begin_anew
        client, slow = Client(place(config)), Client(place(config), timeout=SLOW)
        self._budget = min(BUDGET, shutil.disk_usage(data).free // 5)
        self._worker = worker
        self._wall = wall
        self._client = client
        self._writer = InfluxWriter(
            client,
            outbox=kept.waiting,
            settle=self._settle,
            drop=lambda size: worker.call(lambda: kept.drop_oldest(size)).result(),
            errands=InfluxErrands(
                slow, errands=kept.errands, note=lambda change: worker.call(lambda: kept.note(change)).result()
            ),
            budget=self._budget,
            share=shares,
            position=lambda: worker.position if worker.knows_journal else 0,
            let_go=lambda: worker.call(self._let_go).result(),
            wall=wall,
        )
        self.history = TieredHistory(kept.history, InfluxHistory(client), whole=self._is_whole)

    def start(self) -> None:
        """Begin to send."""
        if self._shares is not None:
            self._shares.start()
        self._writer.start()

    def stop(self) -> None:
        """End; what is not confirmed waits for the next start. Before the worker stops, which confirms."""
        self._writer.stop()
        if self._shares is not None:
            self._shares.stop()

    def _let_go(self) -> None:
        """Let go what other workers brought, by what is confirmed now: the journal may have been made anew since."""
        if self._shares is not None:
            self._kept.let_go(self._shares.confirmed)

    def _settle(self, batch: Batch, refused: Sequence[Refused], missed: Collection[int]) -> None:
        """Commit what became of a batch; what was refused for good is set aside where every worker sees it."""
        self._worker.call(lambda: self._kept.settle(batch, refused, missed)).result()
        if self._shares is not None and refused:
            places = [f"bucket {each.bucket}, after journal position {each.position}" for each in refused]
            self._shares.refused(
                (each.line.encode(), each.reason, where) for each, where in zip(refused, places, strict=True)
            )

    def _is_whole(self) -> bool:
        status = self._writer.status
        since, due = status.backlog.since, status.due
        is_up_to_date = since is None or self._wall() - since < BEHIND
        return status.trouble is None and is_up_to_date and due.erasures == due.refused

    def part(self) -> tuple[str | None, str | None, Mapping[str, Any]]:
        """Return what is wrong (a code of parts.toml), the reason, and the figures that the page shows."""
        status, now = self._writer.status, self._wall()
        shown = figures(status, self._worker.position, self._budget, now)
        if self._shares is not None:
            shown["partitions"] = self._shares.figures
        if status.trouble is not None:
            return status.trouble.code, status.trouble.reason, shown
        if status.dropped:
            return "influx_dropped", None, shown
        if status.newest and now - status.newest[0].at < LATELY:
            return "influx_refused", status.newest[0].reason, shown
        if self._shares is not None and self._shares.dead:
            return "dead_letters", f"{self._shares.dead}", shown
        return None, None, shown

    def counters(self) -> Mapping[str, float]:
        """Return what is counted, for /metrics."""
        status = self._writer.status
        return {
            **({} if self._shares is None else self._shares.flow),
            "send_seconds_total": self._writer.spent,
            "influx_lines_written_total": status.written,
            "influx_lines_refused_total": status.refused,
            "influx_lines_dropped_total": status.dropped,
            "influx_lines_waiting": status.backlog.lines,
            "influx_bytes_waiting": status.backlog.size,
            "influx_erasures_waiting": status.due.erasures,
            "influx_hours_waiting": status.due.hours,
        }


def figures(status: WriterStatus, position: int, budget: int, now: int) -> dict[str, Any]:
    """Return how far InfluxDB is behind, how long that may last, and what it refused.

    Args:
        status: of the writer.
        position: journal position up to which everything is stored here.
        budget: bytes that may wait.
        now: wall clock [ns].
    """
    backlog = status.backlog
    waited = 0 if backlog.since is None else now - backlog.since
    behind = backlog.position is not None and waited >= BEHIND
    return {
        "behind_messages": max(position - (backlog.position or 0), 0) if behind else 0,
        "behind_minutes": round(waited / MINUTE, 1) if behind else 0.0,
        "waiting_bytes": backlog.size if behind else 0,
        "hours_left": round(max(budget - backlog.size, 0) * waited / backlog.size / HOUR, 1)
        if behind and waited >= MINUTE
        else None,
        "dropped": status.dropped,
        "erasing": status.due.erasures,
        "erasing_refused": status.due.refused,
        "hours_to_compute": status.due.hours,
        "refused": status.refused,
        "refused_newest": [
            {"line": each.line[:200], "reason": each.reason[:300], "time": rfc3339(each.at // NS * NS)}
            for each in status.newest
        ],
    }
