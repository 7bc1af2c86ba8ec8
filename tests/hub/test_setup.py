"""What to type on a device: right for the broker there is, whole in both languages, and never a stranger's password."""

import re
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.registry import load_drivers
from hub.setup import FOLDER, Broker, Instructions, broker_of, families, instructions, typeset
from servers.decoding import understood

OPEN = Broker(host="192.0.2.7", port=1884, user="matinales", password="s3cret", is_open=True)
DESCRIBED = sorted(path.stem for path in FOLDER.glob("*.toml"))
every_description = pytest.mark.parametrize("module", DESCRIBED)


def test_our_broker_is_told_with_the_rooms_address() -> None:
    """The hub itself reaches it by loopback; a device cannot."""
    told = broker_of("mqtt://matinales:p%40ss@127.0.0.1:1884", ["192.0.2.7", "10.0.0.3"], is_ours=True)
    assert told == Broker(host="192.0.2.7", port=1884, user="matinales", password="p@ss", is_open=True)


def test_a_broker_on_loopback_is_told_to_be_closed() -> None:
    """Whatever is typed on a device, it would not be heard."""
    assert broker_of("mqtt://127.0.0.1:1883", [], is_ours=True) == Broker(
        host="127.0.0.1", port=1883, user=None, password=None, is_open=False
    )


def test_the_hubs_own_password_at_a_foreign_broker_is_not_told() -> None:
    """Its device users are somebody else's to give."""
    told = broker_of("mqtt://hub:secret@broker.example", ["192.0.2.7"], is_ours=False)
    assert told == Broker(host="broker.example", port=1883, user=None, password=None, is_open=True)


@every_description
def test_each_step_is_said_in_both_languages(module: str) -> None:
    """Nobody reads half a page."""
    known = instructions(module)
    assert set(known.title or {"fr", "en"}) == {"fr", "en"}
    for step in known.setup:
        assert set(step.say) == {"fr", "en"}
        assert all(text.strip() for text in step.say.values())


@every_description
def test_each_description_belongs_to_a_driver_and_names_the_address(module: str) -> None:
    """Its file lies beside the driver's, and what is typed leads to this hub."""
    (found,) = families([load_drivers()[module.replace("_", "-")]], OPEN)
    typed = " ".join(step["type"] or "" for step in found["steps"])
    assert "192.0.2.7" in typed
    assert "1884" in typed
    assert "s3cret" in typed


BADLY_SET = re.compile(r" [?!;%»:]|« |\w'\w")
"""In French, a no-break space goes before these signs, and the apostrophe is a curly one."""


@every_description
def test_french_is_set_as_french_is(module: str) -> None:
    """However its author typed it, a line never ends between a guillemet and its word, as on every page."""
    (found,) = families([load_drivers()[module.replace("_", "-")]], OPEN)
    said = [found["title"]["fr"], *(step["say"]["fr"] for step in found["steps"])]
    assert not [text for text in said if BADLY_SET.search(text)]


def test_typesetting_changes_nothing_but_spaces() -> None:
    """What is typed on the device stays as it is: only French words pass here."""
    assert typeset("Tapez « a:b » : 3 % ; oui ?") == "Tapez «\u202fa:b\u202f»\u00a0: 3\u202f%\u202f; oui\u202f?"


PUBLISHED = re.compile(r"(?:printf '([^']*)' \| )?mosquitto_pub .* -t (\S+) (?:-s|-m '?([^']*)'?)")


@pytest.mark.parametrize("module", ["generic", "senml", "sigfox", "bthome", "cayenne_lpp"])
def test_what_is_typed_to_try_is_understood_by_its_driver(module: str) -> None:
    """Who copies the line sees a device appear, and its card is ticked."""
    (found,) = families([load_drivers()[module.replace("_", "-")]], OPEN)
    typed = [match for step in found["steps"] if (match := PUBLISHED.search(step["type"] or ""))]
    assert typed
    for match in typed:
        octets, topic, text = match.groups()
        payload = text.encode() if octets is None else octets.encode().decode("unicode_escape").encode("latin-1")
        assert understood(topic, payload).device.startswith(f"{found['family']}:")


def test_what_nobody_knows_is_left_open() -> None:
    """A foreign broker's user and password: the reader fills them in."""
    nobody = Broker(host="broker.example", port=1883, user=None, password=None, is_open=True)
    (tasmota,) = families([load_drivers()["tasmota"]], nobody)
    assert "MqttUser …; MqttPassword …;" in tasmota["steps"][0]["type"]


def test_what_fits_anything_comes_last() -> None:
    """A reader looks for the name on the box first."""
    assert [each["model"] for each in families(load_drivers().values(), OPEN)][-1] == "generic"


def test_a_driver_without_a_description_is_not_listed(tmp_path: Path) -> None:
    """Another package's documents say it."""
    assert instructions("acme_cr1", tmp_path) == Instructions()


def test_a_mistake_in_a_description_is_named_with_its_place(tmp_path: Path) -> None:
    """The file and the field."""
    (tmp_path / "acme_cr1.toml").write_text('[[setup]]\nsay = "Type this"\n')
    with pytest.raises(ConfigError, match=r"acme_cr1.toml.*setup\[0\].say|acme_cr1.toml.*say"):
        instructions("acme_cr1", tmp_path)
