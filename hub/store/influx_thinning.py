"""The five-minute bucket: how InfluxDB computes it, by its own task and, for the past, when the hub asks it to.

Of each window and curve the mean, minimum, maximum and count of the readings that are not bad, as fields
`<channel>__mean` … A window computed again replaces itself. Curves without a bad reading are windowed where the values
lie; only the others are read value by value.
"""

from collections.abc import Iterable

from hub.model import NS
from hub.store import lines
from hub.store.influx_client import Client, Place, RefusedError

WINDOW = 300 * NS
HOUR = 3600 * NS
BACK = 2 * HOUR
"""How far [ns] the task looks back, so that what comes a little late is counted too."""
MARGIN = HOUR // 3
"""A reading older than `BACK` less this [ns] when it arrives may be missed by the task's next run."""
_TELEMETRY = f"{lines.TELEMETRY},".encode()
_DIGITS = 19
"""Of a timestamp between 2001 and 2286, which is compared as it stands: a number is made of old ones only."""

_BODY = """
data = (of) => from(bucket: bucket) |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "telemetry") |> filter(fn: of)
curve = (r) => r.device + "\\n" + r.run + "\\n" + r._field
bad = data(of: (r) => r._field =~ /__q$/ and r._value >= 2.0) |> first() |> group()
    |> map(fn: (r) => ({r with _field: strings.trimSuffix(v: r._field, suffix: "__q")}))
    |> map(fn: (r) => ({device: r.device, curve: curve(r: r)}))
devices = bad |> findColumn(fn: (key) => true, column: "device")
spoilt = bad |> findColumn(fn: (key) => true, column: "curve")
good = (device, run, field, mark) =>
    data(of: (r) => r.device == device and r.run == run and (r._field == field or r._field == mark))
        |> group(columns: ["_measurement", "device", "run"])
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> rename(fn: (column) => if column == field then "_value" else if column == mark then "mark" else column)
        |> filter(fn: (r) => exists r._value and (not exists r.mark or r.mark < 2.0))
        |> set(key: "_field", value: field) |> group(columns: ["_measurement", "device", "run", "_field"])
        |> range(start: start, stop: stop)
nothing = () => data(of: (r) => r.device == "" and r._field == "")
few = union(tables: array.concat(arr: [nothing(), nothing()], v: array.map(arr: spoilt, fn: (x) => {
    key = strings.split(v: x, t: "\\n")
    return good(device: key[0], run: key[1], field: key[2], mark: key[2] + "__q")
})))
keep = (tables=<-, fn, name, of) => tables
    |> aggregateWindow(every: 5m, fn: fn, createEmpty: false, timeSrc: "_start") |> filter(fn: of)
    |> map(fn: (r) => ({r with _field: r._field + "__" + name, _value: float(v: r._value)}))
    |> to(bucket: coarse) |> filter(fn: (r) => false)
isGood = (r) => not contains(value: r.device, set: devices) or not contains(value: curve(r: r), set: spoilt)
many = () => data(of: (r) => r._field !~ /__/)

"""
_KEPT = """
many() |> keep(fn: {name}, name: "{name}", of: isGood) |> yield(name: "{name}")
few |> keep(fn: {name}, name: "{name}", of: (r) => true) |> yield(name: "few_{name}")
"""
_BODY += "".join(_KEPT.format(name=name) for name in ("mean", "min", "max", "count"))
_IMPORTS = 'import "array"\nimport "date"\nimport "strings"\n'


def task_name(place: Place) -> str:
    """Return the name of the task."""
    return f"matinales {place.bucket}"


def task(place: Place) -> str:
    """Return the task: each 5 minutes the whole windows of the last two hours.

    A task has no parameters; config.py lets no character into a bucket's name that means something in Flux.
    """
    return f"""{_IMPORTS}
option task = {{name: "{task_name(place)}", every: 5m, offset: 1m}}

bucket = "{place.bucket}"
coarse = "{place.coarse}"
start = date.truncate(t: -2h, unit: 5m)
stop = date.truncate(t: now(), unit: 5m)
{_BODY}"""


def compute(client: Client, hour: int) -> None:
    """Have the windows of an hour (counted since 1970) computed; where it holds too much for one question, one by one.

    Raises:
        RefusedError: InfluxDB does not answer, or cannot.
    """
    start = hour * HOUR
    try:
        _compute(client, start, start + HOUR)
    except RefusedError as error:
        if error.answer.status is None:
            raise
        for each in range(start, start + HOUR, WINDOW):
            _compute(client, each, each + WINDOW)


def _compute(client: Client, start: int, stop: int) -> None:
    place = client.place
    prelude = "bucket = _bucket\ncoarse = _coarse\nstart = time(v: _start)\nstop = time(v: _stop)\n"
    names = {"_bucket": place.bucket, "_coarse": place.coarse, "_start": start, "_stop": stop}
    client.rows(_IMPORTS + prelude + _BODY, names)


def missed(some: Iterable[bytes], now: int) -> set[int]:
    """Return the hours (since 1970) of telemetry lines that the task, at `now` [ns], will not look at any more."""
    oldest = b"%d" % (now - BACK + MARGIN)
    old = [line for line in some if line[-_DIGITS:] < oldest or line[-_DIGITS - 1 : -_DIGITS] != b" "]
    late = [line for line in old if line.startswith(_TELEMETRY)]
    return {int(line[line.rindex(b" ") + 1 :]) // HOUR for line in late}


def around(stopped: int) -> set[int]:
    """Return the hours that the task may not have come to when all stood still at `stopped` [ns]."""
    return set(range((stopped - BACK) // HOUR, stopped // HOUR + 1))
