"""`matinales bench history --keep`: the database of the roll-ups is built once, and measured again and again."""

from pathlib import Path

import pytest

from hub.bench import history
from hub.errors import UsageError

POINTS = 20 * 720
"""Two hours of 20 channels."""


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw each chart once."""
    monkeypatch.setattr(history, "TIMES", 1)


def test_the_database_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time it is only read; another number of points is another one."""
    found = history.measure(points=POINTS, keep=str(tmp_path / "new"))
    assert found["points_by_hours"] == found["points_by_minutes"] == POINTS
    assert {"rolled_series_24_h_of_20_channels_ms", "rolled_series_1_year_of_5_channels_cold_ms"} <= found.keys()
    monkeypatch.setattr(history, "fill", lambda *_, **__: pytest.fail("built again"))
    assert history.measure(points=POINTS, keep=str(tmp_path / "new")).keys() == found.keys()


def test_what_was_cut_while_it_was_built_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its name when it is whole."""

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(history, "fill", cut)
        with pytest.raises(KeyboardInterrupt):
            history.measure(points=POINTS, keep=str(tmp_path))
    assert history.measure(points=POINTS, keep=str(tmp_path))["points_by_hours"] == POINTS


def test_more_than_the_disk_holds_is_refused(tmp_path: Path) -> None:
    """With how much it needs."""
    with pytest.raises(UsageError, match="MB are free; take fewer points"):
        history.measure(points=10**15, keep=str(tmp_path))
