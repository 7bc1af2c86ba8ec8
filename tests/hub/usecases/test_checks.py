"""`check` names the place of what does not hold together in computed measures and in the newer kinds of rules."""

import shutil
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.usecases.loader import HERE, load

WORDS = 'title = { fr = "x", en = "y" }'
SAY = 'priority = "low"\nsay = { fr = "x", en = "y" }'
MEAN = f'[measures.m]\n{WORDS}\nfunction = "mean"\nof = {{ value = "air" }}\n'


def measure(body: str) -> str:
    """Return a table of a measure."""
    return f"[measures.m]\n{WORDS}\n{body}\n"


def rule(kind: str, body: str) -> str:
    """Return a rule of a kind on the air."""
    return f'[[rules]]\nid = "r"\n{WORDS}\nkind = "{kind}"\nmeasure = "air"\n{SAY}\n{body}\n'


WRONG = [
    (measure('function = "wet_bulbs"\nof = { value = "air" }'), r"measures\.m\.function: there is no 'wet_bulbs'"),
    (measure('function = "mean"\nof = { x = "air" }'), r"measures\.m\.of: mean takes value, not x"),
    (measure('function = "mean"\nof = { value = "gas" }'), r"measures\.m\.of\.value: there is no measure 'gas'"),
    (
        measure('function = "dew_point"\nunit = "°C"\nof = { temperature = "air", humidity = "power" }'),
        r"of\.humidity: dew_point takes %, and power is in W",
    ),
    (
        measure('function = "share_of"\nunit = "W"\nof = { part = "air", of = "product" }'),
        r"unit: share_of gives %, which does not convert to 'W'",
    ),
    (MEAN + 'parameters = { depth = 1 }\nperiod = "day"\n', r"parameters: mean has no 'depth'"),
    (
        measure('function = "share_above"\nof = { value = "air" }\nwindow_s = 60'),
        r"parameters: share_above needs 'above'",
    ),
    (measure('function = "slope_per_hour"\nof = { value = "air" }'), r"window_s: say how many seconds"),
    (MEAN + 'window_s = 60\nperiod = "day"\n', r"period: give either window_s or period"),
    (MEAN + 'role = "probe"\nperiod = "day"\n', r"role: only a measure heard from a device has it"),
    (
        measure('function = "linear"\nof = { value = "m" }'),
        r"measures: m are computed from one another, in a circle",
    ),
    (MEAN + 'period = "day"\nstarts = "25:00"\n', r"starts: '25:00' is no hour of the day"),
    (rule("limit_high", 'limit = { measure = "gas" }'), r"\(r\): there is no measure 'gas'"),
    (rule("limit_high", 'limit = { measure = "power" }'), r"air is in °C and power in W: they cannot be compared"),
    (rule("balance", 'against = "product"'), r"\(r\): give low, high or both"),
    (rule("change", "window_s = 60"), r"\(r\): give one of rises, falls, times"),
    (rule("band", "low = 5.0\nhigh = 4.0"), r"low: 5 is not below high, 4"),
    (rule("forecast", "limit = 4.0\nwithin_s = 60"), r"window_s: say over how many seconds the slope is taken"),
    (rule("every_period", "periods = 3\nat_least = 1"), r"air has no value per hour or day"),
    (rule("state", "conditions = []"), r"conditions: give at least one"),
    (
        rule("limit_high", 'limit = 4.0\nduring = [{ start = "22h" }]'),
        r"during\[0\]\.start: '22h' is no hour of the day",
    ),
    (rule("limit_high", "limit = 4.0\nconfirm = 0"), r"confirm: 0 reports cannot confirm anything"),
]


@pytest.mark.parametrize(("added", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_a_mistake_is_named_with_its_place(tmp_path: Path, added: str, message: str) -> None:
    """Table, key, and what would be right."""
    folder = Path(shutil.copytree(HERE / "cold_room", tmp_path / "my_room"))
    file = folder / "usecase.toml"
    text = file.read_text(encoding="utf-8")
    if added.startswith("[measures"):
        text = text.replace("\n[silence]", f"\n{added}\n[silence]", 1)
    else:
        text = text.replace("\n[[panels]]", f"\n{added}\n[[panels]]", 1)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load(folder)
