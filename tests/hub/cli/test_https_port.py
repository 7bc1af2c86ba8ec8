"""Where the page is served by HTTPS: a room has it without asking, nobody else unless told."""

import socket
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from hub.cli import _start
from hub.cli._start import LOOPBACK, Plan
from hub.config import Config
from hub.errors import ConfigError

ROOM = Plan(config=Config(web_host=LOOPBACK), data=None, mode="demo", lan=True)


@pytest.fixture
def taken() -> Iterator[int]:
    """Lend a port on which somebody listens."""
    with socket.create_server((LOOPBACK, 0)) as other:
        yield other.getsockname()[1]


def test_a_page_for_this_machine_only_needs_none_and_a_room_may_do_without() -> None:
    """A browser trusts loopback as it is."""
    assert _start._https_port(replace(ROOM, lan=False)) is None
    assert _start._https_port(replace(ROOM, https=False)) is None
    assert _start._https_port(replace(ROOM, mode="run", lan=False)) is None


def test_a_room_s_usual_port_gives_way_to_a_free_one(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two demos on one machine; and any free one where any was asked for the page."""
    monkeypatch.setattr(_start, "HTTPS_PORT", taken)
    assert _start._https_port(ROOM) not in {None, taken}
    anywhere = replace(ROOM, config=replace(ROOM.config, web_port=0))
    assert _start._https_port(anywhere) not in {None, 0}


def test_a_port_that_was_asked_for_is_taken_or_refused_by_its_name(taken: int) -> None:
    """Also for `run`."""
    wanted = replace(ROOM, lan=False, mode="run", config=replace(ROOM.config, https_port=taken))
    with pytest.raises(ConfigError, match="https_port"):
        _start._https_port(wanted)
    assert _start._https_port(replace(wanted, config=replace(wanted.config, https_port=0))) not in {None, 0}
