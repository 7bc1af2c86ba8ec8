"""Readings as a Parquet file: a row each, nothing lost, for pandas, Polars, DuckDB and R; streamed, by row groups.

Imported where it is used only: its library is the extra `parquet` of pyproject.toml. That panics where a disk is full
or a file's end is spoilt: the disk's troubles are kept from it, and a panic is told as any other fault of a file.
"""

import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import read_parquet, write_parquet

from hub.errors import UsageError
from hub.model import Quality, Reading, TimeSource

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

GROUP = 100_000
"""Readings a row group, which is what is in memory at a time."""
BATCH = 10_000
MAGIC = b"PAR1"
"""How such a file begins, and ends."""
_TEXT, _NUMBER, _REAL, _TIME = (
    DataType.string(),
    DataType.int64(),
    DataType.float64(),
    DataType.timestamp("ns", tz="UTC"),
)
_COLUMNS: tuple[tuple[str, DataType, Callable[[Reading], object]], ...] = (
    ("device", _TEXT, lambda each: each.device),
    ("channel", _TEXT, lambda each: each.channel),
    ("unit", _TEXT, lambda each: each.unit),
    ("time", _TIME, lambda each: each.time),
    ("value", _REAL, lambda each: each.value),
    ("tie", _NUMBER, lambda each: each.tie),
    ("quality", _TEXT, lambda each: each.quality.value),
    ("run", _TEXT, lambda each: each.run),
    ("source", _TEXT, lambda each: each.time_source.value),
)
"""Name, type and content of each column: what JSON lines have."""
COLUMNS = tuple(name for name, _, _ in _COLUMNS)
_SCHEMA = Schema([Field(name, kind, nullable=name == "unit") for name, kind, _ in _COLUMNS])


class _Sink(io.FileIO):
    """A file that takes whatever it is given, and remembers what went wrong."""

    failed: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write it, unless that failed once."""
        if self.failed is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failed = error
        return memoryview(data).nbytes


def write(path: Path, chunks: Iterable[Sequence[Reading]]) -> None:
    """Write readings; what `chunks` raises comes through.

    Raises:
        OSError: the file cannot be written.
    """
    troubles: list[BaseException] = []

    def batches(sink: _Sink) -> Iterator[RecordBatch]:
        try:
            for some in chunks:
                yield _batch(some)
                if sink.failed is not None:
                    return
        except BaseException as error:
            troubles.append(error)  # the library would tell of it in its own words
            raise

    with _Sink(path, "w") as sink:
        stream = RecordBatchReader.from_batches(_SCHEMA, batches(sink))
        try:
            write_parquet(stream, sink, compression="zstd(3)", max_row_group_size=GROUP)
        finally:
            if troubles:
                raise troubles[0] from None
        if sink.failed is not None:
            raise sink.failed


def _batch(some: Sequence[Reading]) -> RecordBatch:
    columns = []
    for _, kind, of in _COLUMNS:
        written = _NUMBER if kind == _TIME else kind
        columns.append(Array([of(each) for each in some], written).cast(kind))
    return RecordBatch.from_arrays(columns, schema=_SCHEMA)


def read(path: Path) -> Iterator[Reading]:
    """Yield the readings of a file that `write` made, in its order.

    Raises:
        UsageError: it is no such file, cut short or damaged.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        file.seek(max(file.seek(0, io.SEEK_END) - len(MAGIC), 0))
        if file.read() != MAGIC:
            msg = f"{path.name} is cut short: a Parquet file ends as it begins; copy or export it again"
            raise UsageError(msg)
    with _judged(path):
        batches = read_parquet(path, batch_size=BATCH)
    names = batches.schema.names
    if not set(COLUMNS) <= set(names):
        msg = (
            f"{path.name} has the columns {', '.join(names)}; `matinales export --parquet` writes {', '.join(COLUMNS)}"
        )
        raise UsageError(msg)
    while True:
        with _judged(path):
            batch = next(batches, None)
            if batch is None:
                return
            found = [_reading(row) for row in _rows(batch)]
        yield from found


def _rows(batch: RecordBatch) -> Iterator[tuple[Any, ...]]:
    """Give the rows of a batch, columns as `COLUMNS`, times in ns, whichever tool wrote it again."""
    columns = (batch.column(name).cast(kind) for name, kind, _ in _COLUMNS)
    whole = (
        each.cast(_NUMBER) if kind == _TIME else each for each, (_, kind, _) in zip(columns, _COLUMNS, strict=True)
    )
    return zip(*(each.to_pylist() for each in whole), strict=True)


def _reading(row: Sequence[Any]) -> Reading:
    device, channel, unit, time, value, tie, quality, run, source = row
    if not math.isfinite(value):
        msg = f"{value} is no number"
        raise ValueError(msg)
    return Reading(device, channel, unit, value, time, time, TimeSource(source), Quality(quality), run, tie)


@contextmanager
def _judged(path: Path) -> Iterator[None]:
    """Tell what the library finds wrong with a file as a slip of the caller's.

    Raises:
        UsageError: naming the file.
    """
    try:
        yield
    except OSError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__module__ != "pyo3_runtime":  # its panic
            raise
        msg = f"{path.name} is damaged, or not as `matinales export --parquet` writes it ({error}); export it again"
        raise UsageError(msg) from error
