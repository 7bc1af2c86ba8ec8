"""QR codes: what they say is what was meant, whatever the network is called."""

import re

import pytest

from hub.errors import UsageError
from hub.workshop.codes import QUIET, Wifi, checked, code, network


@pytest.mark.parametrize(
    ("wifi", "text"),
    [
        (Wifi("Matinales", "12345678"), "WIFI:T:WPA;S:Matinales;P:12345678;;"),
        (Wifi("Open"), "WIFI:T:nopass;S:Open;;"),
        (Wifi('a;b,c:d"e\\f', 'p;w,"x":\\'), 'WIFI:T:WPA;S:a\\;b\\,c\\:d\\"e\\\\f;P:p\\;w\\,\\"x\\"\\:\\\\;;'),
        (Wifi("Café du Marché", "mot de passe"), "WIFI:T:WPA;S:Café du Marché;P:mot de passe;;"),
    ],
)
def test_a_network_is_written_as_phones_read_it(wifi: Wifi, text: str) -> None:
    """What separates is escaped; a comma may be, and means the same."""
    assert network(wifi).replace("\\,", ",") == text.replace("\\,", ",")


@pytest.mark.parametrize(
    "wifi", [Wifi(""), Wifi("é" * 17), Wifi("a\nb"), Wifi("a", "short"), Wifi("a", "x" * 64), Wifi("a", "12345678\n")]
)
def test_what_no_network_is_called_is_refused(wifi: Wifi) -> None:
    """32 bytes, not characters; a password of 8 to 63."""
    with pytest.raises(UsageError):
        checked(wifi)


def test_a_code_is_a_square_with_a_quiet_zone_and_its_three_corners() -> None:
    """Nothing is dark within four modules of the edge, and a finder's edge of seven stands where it must."""
    drawn = code("http://192.168.1.12:8080/join")
    runs = [tuple(map(int, found)) for found in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn["path"])]
    assert min(x for x, _, _ in runs) == QUIET
    assert min(y for _, y, _ in runs) == QUIET
    assert max(x + length for x, _, length in runs) == drawn["size"] - QUIET
    assert (QUIET, QUIET, 7) in runs
    assert (drawn["size"] - QUIET - 7, QUIET, 7) in runs
    assert (QUIET, drawn["size"] - QUIET - 1, 7) in runs
