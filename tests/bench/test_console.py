"""Each press of the console shows: the bench itself in small; `matinales bench console` measures it whole."""

import pytest

from hub.bench import console

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]


def test_every_press_shows_on_a_screen() -> None:
    """Once each: nothing is missing of what is promised."""
    figures = console.measure(rounds=1)
    assert console.GATES.keys() <= figures.keys()
    assert all(each > 0 for each in figures.values())
