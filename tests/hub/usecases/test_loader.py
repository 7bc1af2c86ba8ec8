"""A use case is data with a story: what does not hold together is refused with its file, table and key."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from device_sims import devices, scenario
from hub.errors import ConfigError, NotFoundError
from hub.rules.wording import Text, english, french
from hub.usecases import find, load, load_all, names
from hub.usecases.channel_checks import channel_problems
from hub.usecases.loader import HERE, payload_formats
from hub.usecases.money import worth
from hub.usecases.schema import Card, Hypothesis, UseCase

NAMES = names()
ROOT = HERE.parent.parent


def texts(value: object, place: str = "") -> Iterator[tuple[str, Text]]:
    """Yield every text of a use case with its place."""
    if isinstance(value, Text):
        yield place, value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from texts(each, f"{place}.{name}")
    elif isinstance(value, tuple | list):
        for index, each in enumerate(value):
            yield from texts(each, f"{place}[{index}]")


def test_use_cases_are_found_by_their_folder() -> None:
    """Nobody lists them, and a name nobody has is answered with those there are."""
    assert "cold_room" in NAMES
    assert list(load_all()) == NAMES
    with pytest.raises(NotFoundError, match=r"no use case 'bakery'; known: .*cold_room"):
        find("bakery")


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_there_in_both_languages(name: str) -> None:
    """French is not English, and its spaces are right."""
    for place, text in texts(find(name)):
        assert text.fr.strip(), place
        assert text.en.strip(), place
        assert text.fr == french(text.fr), place
        assert text.en == english(text.en), place
        assert not re.search(r"\w'|\w (?:[?!;%]|:(?:\s|$))|« | »", text.fr), (place, text.fr)
        assert not re.search(r"\w'", text.en), (place, text.en)


@pytest.mark.parametrize("name", NAMES)
def test_limits_are_said_in_both_languages(name: str) -> None:
    """As many sentences in one as in the other."""
    said = find(name).limits_to_say
    assert len(said.fr) == len(said.en) > 0


@pytest.mark.parametrize("name", NAMES)
def test_what_a_use_case_needs_is_there(name: str) -> None:
    """Its folder explains itself and says what the simulators play."""
    folder = HERE / name
    assert (folder / "scenario.toml").is_file()
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{rule.id}`" in readme for rule in find(name).rules)


@pytest.mark.parametrize("name", NAMES)
def test_the_simulators_play_the_same_story(name: str) -> None:
    """Each role's simulated device is in scenario.toml under the hub's name for it, and so is each guided fault."""
    usecase, played = find(name), scenario.load(name).scenario
    uids = {
        role: devices.make(each.kind, each.id, each.fields, each.options).uid for role, each in played.devices.items()
    }
    assert {role: each.device for role, each in usecase.roles.items()}.items() <= uids.items()
    assert {fault for step in usecase.guide for fault in step.faults} <= scenario.titles(played).keys()
    assert {step.initial for step in usecase.guide} - {None} <= played.initial.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_is_a_file_of_the_page(name: str) -> None:
    """A panel named is a panel drawn."""
    panels = ROOT / "web" / "src" / "panels"
    if not panels.is_dir():
        pytest.skip("the page's sources are not installed beside the package")
    drawn = {path.stem.lower() for path in panels.glob("*.svelte")}
    assert {panel.kind for panel in find(name).panels} <= drawn


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_sold_as_a_promise(name: str) -> None:
    """Each formula gives an amount above zero from its hypotheses, each within its range."""
    for card in find(name).money:
        assert worth(card) > 0


def test_the_cold_rooms_euros_are_those_of_the_document() -> None:
    """240, 89 and 487 € a year; a slider changes them."""
    cards = {card.id: card for card in find("cold_room").money}
    stated = {"goods": 240, "gasket": 89, "readings": 487}
    assert {name: round(worth(cards[name])) for name in stated} == stated
    assert worth(cards["goods"], {"stock": 1500}) == pytest.approx(120)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("stock * luck", "luck"),
        ("__import__('os')", "__import__"),
        ("stock ** 9", "9"),
        ("stock +", "invalid syntax"),
        ("stock / 0", "division"),
    ],
)
def test_a_formula_is_arithmetic_on_its_hypotheses(formula: str, reason: str) -> None:
    """Nothing else is read, and nothing is run."""
    word = Text("x", "x")
    stock = Hypothesis(id="stock", title=word, value=1, low=0, high=2, step=1)
    with pytest.raises((ValueError, SyntaxError, ZeroDivisionError), match=reason):
        worth(Card(id="c", title=word, formula=formula, unit=word, hypotheses=(stock,)))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the cold room that a test may spoil."""
    return Path(shutil.copytree(HERE / "cold_room", tmp_path / "my_room"))


def spoil(folder: Path, old: str, new: str) -> Path:
    """Replace a text that is there once or more."""
    file = folder / "usecase.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_folder_elsewhere_is_read_too(copy: Path) -> None:
    """With its own rules.py."""
    usecase = load(copy)
    assert usecase.name == "my_room"
    assert usecase.functions["time_to_limit"](air=7.2, product=3.4, limit=4.0, tau_s=40_000) == pytest.approx(
        6876, 0.01
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("limit = 4.0", 'limit = "warm"', r"usecase\.toml: rules\[0\]\.limit: expected `float`, got `str`"),
        ("deadband = 0.5", "deadbland = 0.5", r"rules\[0\]: object contains unknown field `deadbland`"),
        ('kind = "limit_high"', 'kind = "limit_up"', r"rules\[0\]\.kind: invalid value 'limit_up'"),
        ('priority = "medium"', 'priority = "loud"', r"silence\.priority: invalid enum value 'loud'"),
        (
            'title = { fr = "Chambre froide", en = "Cold room" }',
            'title = { fr = "x" }',
            r"title: .*required field `en`",
        ),
        (
            'role = "probe"',
            'role = "prob"',
            r"measures\.air\.role: there is no role 'prob'; known: probe, compressor, door",
        ),
        ('unit = "°C"', 'unit = "warm"', r"measures\.air\.unit: 'warm' is no unit the hub knows"),
        ('measure = "air"', 'measure = "gas"', r"rules\[0\] \(air_high\): there is no measure 'gas'"),
        ('measure = "defrost"', 'measure = "frost"', r"\(air_high\): there is no measure 'frost'"),
        ('id = "air_very_high"', 'id = "air_high"', r"the id 'air_high' is there twice"),
        ("({air})", "({airs})", r"\(air_high\): say: \{airs\} is no measure"),
        ("time_to_limit", "time_to_go", r"\(product_forecast\): function: rules\.py has no 'time_to_go'"),
        ("below = 50 }", "below = 50, above = 3 }", r"\(compressor_no_start\): conditions \(power\): give one of"),
        ('series = ["air"', 'series = ["gas"', r"panels\[0\]: there is no measure 'gas'"),
        ('limits = ["air_high"', 'limits = ["door_rate"', r"panels\[0\]: there is no rule with a limit 'door_rate'"),
        ("stock * loss", "stocks * loss", r"money \(goods\): formula: 'stocks'"),
        ("value = 3000", "value = 9000", r"money \(goods\): hypothesis stock: 9000 is not within 1500 … 5000"),
        ("[roles.probe]", "[roles.probe", r"is not valid TOML: .*line \d+"),
    ],
)
def test_a_mistake_is_named_with_its_place(copy: Path, old: str, new: str, message: str) -> None:
    """File, table, key, and what would be right."""
    with pytest.raises(ConfigError, match=message):
        load(spoil(copy, old, new))


def test_a_folder_without_its_file_is_refused(tmp_path: Path) -> None:
    """It says what a use case is."""
    with pytest.raises(ConfigError, match="no such file; a use case is a folder with"):
        load(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """With the byte and the remedy."""
    (tmp_path / "usecase.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(ConfigError, match="not UTF-8 text at byte 9; save it as UTF-8"):
        load(tmp_path)


def test_rules_that_cannot_be_imported_are_refused(copy: Path) -> None:
    """With the file and Python's own words."""
    (copy / "rules.py").write_text("import nowhere_at_all\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"rules\.py: fails when imported: ModuleNotFoundError"):
        load(copy)


def room() -> UseCase:
    """Return the cold room."""
    return find("cold_room")


FAMILIES: dict[str, dict[str, str | None]] = {
    "tasmota": {"temperature": "°C"},
    "shelly": {"power": "W", "energy": "kWh", "input": None},
    "zigbee2mqtt": {"contact": None},
    "ruuvi": {"temperature": "°C", "humidity": "%"},
}


@pytest.mark.parametrize(
    ("family", "channels", "message"),
    [
        ("tasmota", None, "roles.probe.family: no driver makes 'tasmota'"),
        ("tasmota", {"humidity": "%"}, "measures.air.channel: family tasmota gives no 'temperature_ds18b20_1'"),
        ("shelly", {"power": "V"}, "measures.power.unit: 'W' cannot be made from 'V'"),
        ("zigbee2mqtt", {"contact": "%"}, "measures.door_open.unit: None cannot be made from '%'"),
    ],
)
def test_a_channel_that_no_driver_gives_is_found(
    family: str, channels: dict[str, str | None] | None, message: str
) -> None:
    """Also one whose unit cannot be converted."""
    assert list(channel_problems(room(), FAMILIES)) == []
    other = {name: each for name, each in FAMILIES.items() if name != family}
    found = list(channel_problems(room(), other if channels is None else {**other, family: channels}))
    assert any(each.startswith(message) for each in found), found


def test_a_role_says_how_its_simulated_devices_bytes_are_read() -> None:
    """By its uid; what the user chose wins."""
    case = find("cold_room")
    told = msgspec.structs.replace(case.roles["probe"], payload_format="cayenne-lpp")
    spoken = msgspec.structs.replace(case, roles={**case.roles, "probe": told})
    assert spoken.payload_formats == {"tasmota:coldroom-sim-probe": "cayenne-lpp"}
    assert payload_formats({"tts:a:b": "senml"}, [spoken]) == {
        "tasmota:coldroom-sim-probe": "cayenne-lpp",
        "tts:a:b": "senml",
    }
    assert payload_formats({"tasmota:coldroom-sim-probe": "senml"}, [spoken]) == {"tasmota:coldroom-sim-probe": "senml"}
