"""What the ledger is asked for; that it proves something is tested with the faults themselves."""

import pytest

from hub.bench import ledger
from hub.errors import ConfigError


@pytest.mark.parametrize("kill", ["server", "worker", "all"])
def test_a_part_of_a_cluster_is_killed_where_there_is_one(kill: str) -> None:
    """The message says what to add."""
    with pytest.raises(ConfigError, match="add --cluster true"):
        ledger.measure(kill=kill)  # type: ignore[arg-type]  # as the command line gives it
