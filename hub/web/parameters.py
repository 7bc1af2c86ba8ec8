"""What stands in addresses: the schemas of path and query parameters."""

from collections.abc import Mapping
from typing import Any

from hub.model import PRIORITIES, AlarmState
from hub.tables import HIGHEST
from hub.web.query import SPAN

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}
LENGTH = SPAN.pattern.removeprefix("-?")
MOMENT: Schema = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"const": "now"},
        {"type": "string", "pattern": f"^-{LENGTH}$"},
    ],
    "description": "RFC 3339 with an offset, `now`, or a span before the now of the run asked for: -24h, -15m, -7d.",
    "examples": ["-24h", "2026-11-24T09:00:00Z"],
}
TABLE: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": HIGHEST,
    "description": "of this table's own; 0: the room's",
}


def _some(words: tuple[str, ...]) -> Schema:
    """Return some of a few words, separated by commas."""
    one = "|".join(words)
    return {"type": "string", "pattern": f"^({one})(,({one}))*$", "description": f"some of {', '.join(words)}"}


QUERY: Mapping[str, Schema] = {
    "device": {"type": "string", "description": "id, or any of its other names", "examples": ["tasmota:kitchen"]},
    "channel": {"type": "string", "examples": ["temperature"]},
    "start": MOMENT,
    "stop": MOMENT,
    "run": {"type": "string", "description": "`real` or a run; without it, the run the device is on now"},
    "session": {"type": "string", "description": "only what belongs to this workshop session; the facilitator's"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000},
    "cursor": {"type": "string", "description": "`next` of the answer before, all else unchanged"},
    "aggregate": {"enum": ["count", "mean", "min", "max", "last"]},
    "every": {
        "type": "string",
        "pattern": f"^{LENGTH}$",
        "description": "length of a window, above zero; goes with aggregate",
        "examples": ["60s"],
    },
    "width": {"type": "integer", "minimum": 2, "maximum": 4000, "default": 800},
    "understood": {"enum": ["true", "false"]},
    "scrub": {"enum": ["true", "false"], "description": "replace addresses and names, the same one by the same"},
    "name": {"type": "string", "description": "what the file is called"},
    "search": {"type": "string", "description": "words that must all stand in it, in any language"},
    "usecase": {"type": "string", "description": "with `measure`: its curve, computed where no channel gives it"},
    "measure": {"type": "string", "description": "of that use case, in the unit it is shown in"},
    "rule": TEXT,
    "state": _some(tuple(AlarmState)),
    "priority": _some(PRIORITIES),
    "format": {"enum": ["json", "csv"], "description": "`csv`: as Accept: text/csv"},
    "table": TABLE,
    "participant": {"type": "string", "description": "only for this one, by id"},
    "lang": {"enum": ["fr", "en"], "description": "of a report; else as Accept-Language"},
    "show": {"enum": ["inline"], "description": "a report to be read in the browser instead of kept as a file"},
    "dialect": {"enum": ["plain", "fr"], "description": "of CSV: `fr` opens in a French spreadsheet"},
    "id": {"type": "string", "description": "of the picture, as the plan says it; then browsers may keep it"},
    "title": {"type": "string", "description": "what the picture shows"},
    "token": {"type": "string", "description": "for callers that cannot set the header Authorization: Bearer"},
}
PATHS: Mapping[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "role": TEXT,
    "run": {"type": "string", "examples": ["cold-room-20270115t0730-abcd"]},
    "source": {"type": "string", "examples": ["greenhouse"]},
    "number": {"type": "string", "description": "of an action"},
    "position": {"type": "string", "description": "in the journal"},
    "place": {"type": "string", "description": "in the bill of materials, from 0"},
    "table": {"type": "string", "description": "the number on it"},
}
COLUMNS: Mapping[str, Schema] = {"text/csv": TEXT, "text/html": TEXT, "text/plain": TEXT}
"""Media types that are text."""
