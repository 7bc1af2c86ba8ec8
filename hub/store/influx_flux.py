"""The questions in Flux: our own constants as text, everything a user wrote as a parameter (`_name`).

influxdb-client sends parameters as values of the query's syntax tree, so no text of a user is ever read as Flux.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from hub.model import REAL
from hub.store import lines
from hub.store.base import Aggregate, Range
from hub.store.influx_client import Place

_VALUES = "r._field !~ /__/"
_MARKS = "r._field =~ /__q$/"
_FUNCTIONS: dict[Aggregate, str] = {"count": "count", "mean": "mean", "min": "min", "max": "max", "last": "last"}


class Question(Struct, frozen=True):
    """A query: its text and the values of its parameters."""

    flux: str
    parameters: Mapping[str, Any]


class Source:
    """The readings of a range, as the beginning of a query."""

    def __init__(self, place: Place, asked: Range) -> None:
        """Ask for a range; its times count to the millisecond."""
        self._buckets = {
            None: ("_real", "_simulated"),
            REAL: ("_real",),
        }.get(asked.run, ("_simulated",))
        self.start, self.stop = floor(asked.start), min(floor(asked.stop), lines.LAST)
        self.parameters: dict[str, Any] = {
            "_real": place.bucket,
            "_simulated": place.simulated,
            "_start": self.start,
            "_stop": self.stop,
        }
        self._conditions = [f'r._measurement == "{lines.TELEMETRY}"']
        self._devices = ""
        devices = (asked.device,) if isinstance(asked.device, str) else asked.device
        if devices is not None:
            names = {f"_device{number}": lines.tag(device) for number, device in enumerate(devices)}
            self.parameters |= names
            self._devices = " or ".join(f"r.device == {name}" for name in names) or "false"
            self._conditions.append(f"({self._devices})")
        if asked.run is not None:
            self.parameters["_run"] = lines.tag(asked.run)
            self._conditions.append("r.run == _run")
        self._channel = asked.channel
        if asked.channel is not None:
            name = lines.field(asked.channel)
            self.parameters |= {"_channel": name, "_mark": name + lines.QUALITY_SUFFIX}

    @property
    def empty(self) -> bool:
        """Whether the range holds no time at all (InfluxDB calls that an error)."""
        return self.start >= self.stop

    def values(self) -> str:
        """Return the values, bad ones included."""
        return self._from(_VALUES if self._channel is None else "r._field == _channel")

    def marks(self) -> str:
        """Return the qualities that are not good."""
        return self._from(_MARKS if self._channel is None else "r._field == _mark")

    def both(self) -> str:
        """Return values and qualities."""
        return self._from("true" if self._channel is None else "(r._field == _channel or r._field == _mark)")

    def good(self) -> str:
        """Return the values without the bad ones: for the few curves that have some, for it reads every value.

        Only where a channel is asked for.
        """
        pair = f'{self.both()} |> group(columns: ["device", "run"])'
        wide = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        names = 'if column == _channel then "_value" else if column == _mark then "mark" else column'
        named = f"rename(fn: (column) => {names})"
        kept = f"filter(fn: (r) => exists r._value and (not exists r.mark or r.mark != {lines.BAD}))"
        ranged = "range(start: time(v: _start), stop: time(v: _stop))"  # pivot drops what window() needs
        curve = 'set(key: "_field", value: _channel) |> group(columns: ["device", "run", "_field"])'
        return f"{pair} |> {wide} |> {named} |> {kept} |> {curve} |> {ranged}"

    def units(self) -> str:
        """Return what was said of units, from the beginning of time."""
        condition = f'r._measurement == "{lines.DEVICES}" and r._field == "unit"'
        if self._devices:
            condition += f" and ({self._devices})"
        return self._union(f"range(start: 0, stop: time(v: {lines.LAST})) |> filter(fn: (r) => {condition})")

    def _from(self, fields: str) -> str:
        conditions = " and ".join([*self._conditions, fields])
        return self._union(f"range(start: time(v: _start), stop: time(v: _stop)) |> filter(fn: (r) => {conditions})")

    def _union(self, rest: str) -> str:
        found = [f"from(bucket: {bucket}) |> {rest}" for bucket in self._buckets]
        return found[0] if len(found) == 1 else f"union(tables: [{', '.join(found)}])"


def floor(time: int) -> int:
    """Return the millisecond that a time [ns] lies in: neighbouring ranges share no reading and lose none."""
    return time // lines.MS * lines.MS


def _yield(query: str, name: str) -> str:
    return f'{query} |> yield(name: "{name}")'


_ONE_TABLE = 'toFloat() |> keep(columns: ["_start", "_time", "_value", "_field", "device", "run"]) |> group()'
"""Floats all of them: where somebody else wrote an integer, grouping it with ours makes InfluxDB 2.7 panic (tried)."""

_TABLES = 'keep(columns: ["_time", "_value", "_field", "device", "run"])'
"""One table a curve, each with its own type: what InfluxDB does least for."""


def page(source: Source, most: int) -> Question:
    """Ask for the first `most` values and qualities in order of time, and for units."""
    ordered = (
        f"{source.both()} |> limit(n: _most) |> {_ONE_TABLE}"
        ' |> sort(columns: ["_time", "device", "run", "_field"]) |> limit(n: _most)'
    )
    flux = "\n".join([_yield(ordered, "values"), _yield(source.units(), "units")])
    return Question(flux, source.parameters | {"_most": most})


def windows(source: Source, kind: Aggregate, every: int | None, most: int) -> Question:
    """Ask for one value a curve and window, the worst quality in it, which curves have bad values, and units."""
    cut = "" if every is None else "|> window(every: duration(v: _every))"
    counted = "" if kind == "count" else f"|> filter(fn: (r) => r._value != {lines.BAD})"
    parts = [
        _yield(_windows(source.values(), cut, _FUNCTIONS[kind]), "values"),
        _yield(_windows(f"{source.marks()} {counted}", cut, "max"), "marks"),
        _yield(source.units(), "units"),
    ]
    if kind != "count":
        parts.append(_yield(_with_bad(source), "bad"))
    return Question("\n".join(parts), source.parameters | {"_every": every, "_most": most})


def good_windows(source: Source, kind: Aggregate, every: int | None, most: int) -> Question:
    """Ask for one value a window of one curve, its bad values left out."""
    cut = "" if every is None else "|> window(every: duration(v: _every))"
    flux = _yield(_windows(source.good(), cut, _FUNCTIONS[kind]), "values")
    return Question(flux, source.parameters | {"_every": every, "_most": most})


def _windows(values: str, cut: str, function: str) -> str:
    return (
        f"{values} {cut} |> {function}() |> {_ONE_TABLE}"
        ' |> sort(columns: ["_start", "device", "_field"]) |> limit(n: _most)'
    )


def _with_bad(source: Source) -> str:
    return f"{source.marks()} |> filter(fn: (r) => r._value == {lines.BAD}) |> first() |> {_ONE_TABLE}"


def curves(source: Source) -> Question:
    """Ask how many values each curve has, when the first and the last is, which have bad ones, and for units."""
    parts = [_yield(f"{source.values()} |> {function}() |> {_ONE_TABLE}", function) for function in _ENDS]
    parts += [_yield(_with_bad(source), "bad"), _yield(source.units(), "units")]
    return Question("\n".join(parts), source.parameters)


_ENDS = ("count", "first", "last")
PIECE = ("count", "mean", "min", "max")
"""What is asked of each window of a curve."""


def pieces(source: Source, *, first: int, step: int, bad: bool) -> Question:
    """Ask for what stands for the values in each window of `step` ns from `first` on; `bad`: of one curve."""
    values = source.good() if bad else source.values()
    options = "every: duration(v: _every), offset: duration(v: _offset), createEmpty: false"
    # each written out: a stream that is used twice is not computed where the values lie
    parts = [
        _yield(f'{values} |> aggregateWindow({options}, fn: {function}, timeSrc: "_start") |> {_TABLES}', function)
        for function in PIECE
    ]
    return Question("\n".join(parts), source.parameters | {"_every": step, "_offset": first % step})


def raw(source: Source) -> Question:
    """Ask for all values and qualities."""
    return Question(_yield(f"{source.both()} |> {_ONE_TABLE}", "values"), source.parameters)


def newest(source: Source) -> Question:
    """Ask for the newest value of each channel."""
    return Question(_yield(f"{source.values()} |> last() |> {_ONE_TABLE}", "values"), source.parameters)
