"""The programs that the ledger watches (hub/bench/_plant.py)."""

from pathlib import Path

import pytest

from hub.bench._plant import PARTS, TAIL, Plant
from hub.errors import HubError


async def test_who_waits_in_vain_is_told_what_the_parts_said_last(tmp_path: Path) -> None:
    """Its end only; and that they said nothing where there is no log."""
    plant = Plant(tmp_path, "embedded")
    with pytest.raises(HubError, match=r"in vain until something happens.*\nnothing \("):
        await plant.until("something happens", lambda: False, patience_s=0)
    (tmp_path / PARTS).write_text(f"at the beginning\n{'x' * TAIL}\nNATS does not answer")
    with pytest.raises(HubError, match=r"\nx+\nNATS does not answer$") as told:
        await plant.until("something happens", lambda: False, patience_s=0)
    assert "beginning" not in str(told.value)
