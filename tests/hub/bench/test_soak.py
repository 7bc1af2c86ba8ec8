"""What counts as growth of a page that is left open."""

from typing import Any

import pytest

from hub.bench.soak import objects

FIELDS = ["type", "name", "id", "self_size", "edge_count"]
TYPES = ["hidden", "array", "string", "object", "code", "closure", "native"]


def a_snapshot(*nodes: tuple[str, int]) -> dict[str, Any]:
    """Return a heap of nodes (type, octets), as Chromium tells it."""
    rows = [[TYPES.index(kind), 7, number, octets, 0] for number, (kind, octets) in enumerate(nodes)]
    meta = {"node_fields": FIELDS, "node_types": [TYPES, "string", "number", "number", "number"]}
    return {"snapshot": {"meta": meta}, "nodes": [each for row in rows for each in row]}


@pytest.mark.parametrize(
    ("nodes", "octets"),
    [
        ([], 0),
        ([("object", 40), ("string", 20), ("array", 8), ("closure", 32), ("hidden", 1)], 101),
        ([("object", 40), ("code", 5000)], 40),
        ([("object", 40), ("native", 5000)], 40),
    ],
)
def test_objects_count_and_compiled_functions_do_not(nodes: list[tuple[str, int]], octets: int) -> None:
    """A leak is made of objects, strings and closures; a function that is called often is compiled anew."""
    assert objects(a_snapshot(*nodes)) == octets
