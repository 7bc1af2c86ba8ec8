"""BTHome version 2, sentence by sentence of wire_formats.md §15."""

import pytest

from hub.drivers.bthome import SAME_PACKET, SORTS
from hub.model import Kind, Message
from hub.registry import Contexts
from servers.decoding import NOW, REGISTRY, full, refusal, understood, values

TOPIC = "bthome/A4:C1:38:12:34:56"


def read(payload: str) -> dict[str, float]:
    """Return channel → value of a payload in hex."""
    return values(TOPIC, bytes.fromhex(payload))


def test_the_examples_of_the_document() -> None:
    """Plain and trigger-based."""
    assert read("4002ca0903bf13") == {"temperature": 25.06, "humidity": 50.55}
    assert read("400009015d025d0903b718") == {"packet": 9, "battery": 93, "temperature": 23.97, "humidity": 63.27}
    assert read("4404138a01") == {"pressure": 1008.83}
    assert read("40065e1f") == {"weight": 80.3}


@pytest.mark.parametrize(
    ("record", "channel", "value", "unit"),
    [
        ("01 61", "battery", 97, "%"),
        ("02 F6FF", "temperature", -0.1, "°C"),
        ("03 FFFF", "humidity", 655.35, "%"),
        ("04 138A01", "pressure", 1008.83, "hPa"),
        ("05 138A14", "illuminance", 13460.67, "lx"),
        ("07 3E1D", "weight", 74.86 * 0.45359237, "kg"),
        ("08 CA86", "dew_point", -310.3, "°C"),
        ("09 60", "counter", 96, None),
        ("0A 138A14", "energy", 1346.067, "kWh"),
        ("0B FFFFFF", "power", 167_772.15, "W"),
        ("0C 020C", "voltage", 3.074, "V"),
        ("0D 120C", "pm25", 3090, "µg/m³"),
        ("0E 021C", "pm10", 7170, "µg/m³"),
        ("12 E204", "co2", 1250, "ppm"),
        ("13 3301", "tvoc_mass", 307, "µg/m³"),
        ("14 020C", "moisture", 30.74, "%"),
        ("2E 23", "humidity", 35, "%"),
        ("2F 23", "moisture", 35, "%"),
        ("3D 0960", "counter", 24_585, None),
        ("3E FFFFFFFF", "counter", 4_294_967_295, None),
        ("3F 020C", "rotation", 307.4, "°"),
        ("3F FEF3", "rotation", -307.4, "°"),
        ("40 0C00", "distance", 0.012, "m"),
        ("41 4E00", "distance", 7.8, "m"),
        ("42 4E3400", "duration", 13.39, "s"),
        ("43 FFFF", "current", 65.535, "A"),
        ("44 4E34", "speed", 133.9 * 3.6, "km/h"),
        ("45 EEFE", "temperature", -27.4, "°C"),
        ("46 32", "uv_index", 5, None),
        ("47 871F", "volume", 0.8071, "m³"),
        ("48 DC87", "volume", 0.03478, "m³"),
        ("49 DC87", "flow", 34.78, "m³/h"),
        ("4A 020C", "voltage", 307.4, "V"),
        ("4B 138A14", "gas_volume", 1346.067, "m³"),
        ("4C 41018A01", "gas_volume", 25_821.505, "m³"),
        ("4D 12138A14", "energy", 344_593.17, "kWh"),
        ("4E 87562A01", "volume", 19.551879, "m³"),
        ("4F 87562A01", "water_volume", 19.551879, "m³"),
        ("50 5D396164", "timestamp", 1_684_093_277, "s"),
        ("51 8756", "acceleration", 22.151 / 9.80665, "g"),
        ("52 8756", "angular_rate", 22.151, "°/s"),
        ("55 87562A01", "stored_volume", 19.551879, "m³"),
        ("56 E803", "conductivity", 1000, "µS/cm"),
        ("57 EA", "temperature", -22, "°C"),
        ("58 EA", "temperature", -7.7, "°C"),
        ("59 EA", "counter", -22, None),
        ("5A EAEA", "counter", -5398, None),
        ("5B EA0234EA", "counter", -365_690_134, None),
        ("5C 02FBFFFF", "power", -12.78, "W"),
        ("5D 02EA", "current", -5.63, "A"),
        ("5E 9F8C", "direction", 359.99, "°"),
        ("5F 0C00", "rain", 1.2, "mm"),
        ("60 01", "channel", 1, None),
        ("61 AC0B", "rotational_speed", 2988, "rpm"),
        ("62 87D61200", "speed", 1.234567 * 3.6, "km/h"),
        ("62 7929EDFF", "speed", -1.234567 * 3.6, "km/h"),
        ("63 7929EDFF", "acceleration", -1.234567 / 9.80665, "g"),
        ("64 05", "light_level", 5, None),
    ],
)
def test_every_number(record: str, channel: str, value: float, unit: str | None) -> None:
    """Width, sign, scale and unit of the table, in the hub's units."""
    ((name, (taken, sign, _)),) = full(TOPIC, bytes.fromhex("40" + record)).items()
    assert (name, sign) == (channel, unit)
    assert taken == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize("object_id", [0x0F, 0x10, 0x11, *range(0x15, 0x2E)])
def test_every_boolean(object_id: int) -> None:
    """1 and 0; anything else is neither."""
    name = SORTS[object_id].name
    assert values(TOPIC, bytes((0x40, object_id, 1))) == {name: 1}
    assert values(TOPIC, bytes((0x40, object_id, 0))) == {name: 0}
    assert "neither on nor off" in refusal(TOPIC, bytes((0x40, object_id, 2)))


@pytest.mark.parametrize(
    ("object_id", "name"),
    [
        (0x2C, "vibration"),
        (0x2D, "window"),
        (0x21, "motion"),
        (0x1A, "door"),
        (0x20, "moisture_detected"),
        (0x29, "smoke"),
    ],
)
def test_booleans_that_the_document_names(object_id: int, name: str) -> None:
    """The current table: an older one lay one id further."""
    assert SORTS[object_id].name == name


def test_several_of_a_kind() -> None:
    """The same id twice, or two ids of one quantity, are two channels."""
    assert read("40 02ca09 02d007 450100 03bf13") == {
        "temperature_1": 25.06,
        "temperature_2": 20,
        "temperature_3": 0.1,
        "humidity": 50.55,
    }


def test_buttons_and_dimmers_are_events() -> None:
    """No number is invented; 0 is no event, and keeps the numbering of the other buttons."""
    decoded = understood(TOPIC, bytes.fromhex("44 0164 3a00 3a01 3a80 3c02 03"))
    assert [(each.name, each.value) for each in decoded.events] == [
        ("button_2", "press"),
        ("button_3", "hold_press"),
        ("dimmer", "rotate_right 3"),
    ]
    assert [each.channel for each in decoded.samples] == ["battery"]
    assert understood(TOPIC, bytes.fromhex("44 3a04")).events[0].value == "long_press"
    assert "event 9 is not known" in refusal(TOPIC, bytes.fromhex("443a09"))


def test_text_and_raw_are_no_measures() -> None:
    """Their length byte leads to the next object; alone they are understood."""
    assert read("40 53 05 68656c6c6f 54 02 ffff 5f0c00") == {"rain": 1.2}
    assert read("40 53 00 5f0c00") == {"rain": 1.2}
    assert understood(TOPIC, bytes.fromhex("40 53 01 41")).kind is Kind.HOUSEKEEPING
    assert "cut" in refusal(TOPIC, bytes.fromhex("40 53 09 41"))
    assert "cut" in refusal(TOPIC, bytes.fromhex("40 54"))


@pytest.mark.parametrize(
    ("end", "reason"), [("65 01", "not a known object"), ("ff", "not a known object"), ("03 bf", "cut"), ("04", "cut")]
)
def test_what_cannot_be_read_stops_it(end: str, reason: str) -> None:
    """What was read before is kept, and it says so."""
    decoded = understood(TOPIC, bytes.fromhex("4002ca09" + end))
    assert {each.channel: each.value for each in decoded.samples} == {"temperature": 25.06}
    assert reason in " ".join(decoded.rejected.values())
    assert reason in refusal(TOPIC, bytes.fromhex("40" + end))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", "empty payload"),
        ("40", "without a single object"),
        ("41 a47266c95f73 00112233 78237214", "encrypted"),
        ("45 a47266c95f73 00112233 78237214", "encrypted"),
        ("20 02ca09", "BTHome version 1"),
        ("60 02ca09", "BTHome version 3"),
        ("00 02ca09", "BTHome version 0"),
    ],
)
def test_refused_by_the_first_byte(payload: str, reason: str) -> None:
    """A key is needed, or another version is named."""
    assert reason in refusal(TOPIC, bytes.fromhex(payload))


def test_a_mac_inside_is_passed_over() -> None:
    """Bit 1: six bytes of address come before the first object."""
    assert read("42 563412 38c1a4 02ca09") == {"temperature": 25.06}


def heard(contexts: Contexts, payload: str, after: int = 0) -> tuple[Kind, list[str]]:
    """Return kind and channels of a payload heard some [ns] after NOW."""
    outcome = REGISTRY.decode(Message(TOPIC, bytes.fromhex(payload), NOW + after), contexts)
    assert outcome.decoded is not None
    return outcome.decoded.kind, [each.channel for each in outcome.decoded.samples]


def test_a_packet_heard_again_is_one_reading() -> None:
    """By its packet id, for a minute; another id is another packet, and a quiet device still speaks each minute."""
    contexts: Contexts = {}
    assert heard(contexts, "4000090164")[0] is Kind.READINGS
    assert heard(contexts, "4000090164", SAME_PACKET - 1) == (Kind.HOUSEKEEPING, [])
    assert heard(contexts, "40000a0164")[0] is Kind.READINGS
    assert heard(contexts, "40000a0164", SAME_PACKET) == (Kind.READINGS, ["packet", "battery"])
    assert heard(contexts, "400164") == heard(contexts, "400164") == (Kind.READINGS, ["battery"])


@pytest.mark.parametrize("topic", [TOPIC, "bthome/a4c138123456", "bthome/A4-C1-38-12-34-56"])
def test_one_device_however_its_address_is_spelt(topic: str) -> None:
    """The MAC is an alias, so that it is one device with what another gateway calls it."""
    decoded = understood(topic, bytes.fromhex("400164"))
    assert (decoded.device, decoded.aliases) == ("bthome:a4c138123456", ("mac:a4c138123456",))


def test_a_name_instead_of_an_address() -> None:
    """Is a name, slashes and all; an empty one is refused."""
    decoded = understood("bthome/my/sensor", bytes.fromhex("400164"))
    assert (decoded.device, decoded.aliases) == ("bthome:my/sensor", ())
    assert "names no device" in refusal("bthome/", bytes.fromhex("400164"))


def test_a_mebibyte_is_answered_and_bounded() -> None:
    """The first objects, and a word that there were more."""
    decoded = understood(TOPIC, bytes.fromhex("40") + bytes.fromhex("0960") * 500_000)
    assert len(decoded.samples) == 256
    assert "more than 256" in " ".join(decoded.rejected.values())
