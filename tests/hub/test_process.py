"""The hub's own process (hub/process.py)."""

import threading

from hub.process import helpers


def test_all_helpers_are_there_from_the_start() -> None:
    """None begins later, when one more is needed than ever before: that would look like threads that grow."""

    def names() -> list[str]:
        return sorted(each.name for each in threading.enumerate() if each.name.startswith("helper"))

    with helpers(3) as pool:
        at_first = names()
        both = threading.Barrier(2)
        for each in [pool.submit(both.wait, 10) for _ in range(2)]:
            each.result()
        assert names() == at_first == ["helper_0", "helper_1", "helper_2"]
    assert names() == []
