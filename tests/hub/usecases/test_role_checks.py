"""What a role says of its button's presses: mistakes are told with their place."""

import pytest

from hub.usecases.role_checks import gesture_problems


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), None),
        (("single", "toggle", "2_double"), None),
        (("single_push",), None),
        (("",), "[0]: '' is nothing that a device says"),
        (("single", " double"), "[1]: ' double' is nothing"),
        (("single", "Single"), "[1]: 'Single' is there twice"),
        (("singel",), "[0]: 'singel' is no gesture; 'single' is meant?"),
    ],
)
def test_a_mistake_in_a_role_is_told_with_its_place(words: tuple[str, ...], said: str | None) -> None:
    """Where in the list, and what would be right."""
    found = [*gesture_problems(words)]
    assert len(found) == (said is not None)
    assert all(said is not None and said in each for each in found)
