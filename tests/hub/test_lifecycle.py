"""A device's life: named before it speaks, joined with what turns out to be itself, taken back; after a restart too."""

import json
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest

from hub.acting import Acting
from hub.live import Batch, Live
from hub.model import NS, Availability, Device, Message, Quality
from hub.registry import Registry, load_drivers
from servers.acme import WALL
from servers.workers import Hub, working

Said = tuple[str, str]
SOIL = "lab/soil/state"


class House:
    """A hub that knows every bundled driver, and what its pages show."""

    def __init__(self, hub: Hub) -> None:
        """Start with an empty store."""
        self.hub = hub
        hub.registry = Registry(load_drivers())
        self.restart()

    def restart(self) -> None:
        """Kill the hub and start it anew."""
        self.hub.restart()
        self.live = Live(wall=lambda: self.hub.wall, believed=self.hub.registry.believed)
        self.live.apply(self.hub.kept.restored())
        self.hub.delivered.clear()

    def hear(self, *messages: Said, second: float = 0, retained: bool = False) -> None:
        """Take messages and show what they change."""
        at = WALL + int(second * NS)
        self.hub.take(*(Message(topic, payload.encode(), at, retained=retained) for topic, payload in messages))
        for outcome in self.hub.delivered:
            self.live.apply(outcome.batch)
        self.hub.delivered.clear()

    def shown(self) -> dict[str, list[str]]:
        """Return name → channels of every device on the page."""
        return {each["name"]: [channel["name"] for channel in each["channels"]] for each in self.live.device_views()}

    def device(self, name: str) -> Device:
        """Return a device as the store has it; the living worker must know the same."""
        mind = self.hub.worker.understanding
        uid = mind.resolve(name)
        stored = {each.uid: each for each in self.hub.kept.memory(self.hub.registry).devices}[uid]
        assert mind.devices[uid] == stored
        return stored

    def qualities(self) -> dict[str, Quality]:
        """Return channel → its quality on the page now, of all devices."""
        return {each["name"]: each["quality"] for view in self.live.device_views() for each in view["channels"]}

    @property
    def acting(self) -> Acting:
        """Lend somebody who acts."""
        return Acting(
            kept=self.hub.kept,
            understanding=lambda: self.hub.worker.understanding,
            deliver=lambda outcome: self.live.apply(outcome.batch),
            forgotten=self.hub.worker.read_back,
            wall=lambda: self.hub.wall,
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Lend one."""
    with working(tmp_path) as hub:
        yield House(hub)


def config(topic: str, state: str = SOIL, **more: object) -> Said:
    """Return a discovery document of a sensor."""
    return f"homeassistant/sensor/{topic}/config", json.dumps({"stat_t": state, **more})


# --- named before it speaks


def test_a_name_of_a_document_is_there_with_the_first_value_also_after_a_restart(house: House) -> None:
    """The document is often retained from years before the device's first value today."""
    house.hear(config("t", "lab/aa/state", name="T", unit_of_meas="°C", dev={"ids": "aa", "name": "Bedroom"}))
    assert house.shown() == {}
    house.restart()
    house.hear(("lab/aa/state", "21.5"))
    assert house.shown() == {"Bedroom": ["t"]}


def test_a_name_of_a_document_reaches_the_native_device(house: House) -> None:
    """The document names the node's topic: ESPHome's own driver makes the device."""
    house.hear(config("fazole/air", "fazole/sensor/air/state", dev={"ids": "246f28aabbcc", "name": "Cellar"}))
    house.hear(("fazole/status", "online"), ("fazole/sensor/air/state", "21.5"))
    assert house.shown() == {"Cellar": ["air"]}
    assert house.device("homeassistant:246f28aabbcc").uid == "esphome:fazole"


def test_a_name_of_tasmotas_own_discovery_is_shown(house: House) -> None:
    """`dn`; a person's name stays."""
    found = '{"t":"kitchen","ft":"%prefix%/%topic%/","mac":"5CCF7F123456","dn":"Vitrine"}'
    house.hear(("tasmota/discovery/5CCF7F123456/config", found))
    assert house.device("tasmota:kitchen").name == "Vitrine"
    house.acting.change("tasmota:kitchen", {"name": "Frigo"}, "x")
    house.hear(("tasmota/discovery/5CCF7F123456/config", found), second=1)
    assert house.device("tasmota:kitchen").name == "Frigo"


# --- stored apart, then found to be one

TASMOTA = ("tele/kitchen/SENSOR", '{"Time":"2026-09-21T16:13:20","DS18B20":{"Temperature":21.5}}')
ZIGBEE = ("zigbee2mqtt/my_sensor", '{"temperature":21.5}')
IEEE = "0x00158d00018255df"
LISTED = [{"ieee_address": IEEE, "friendly_name": "my_sensor", "type": "EndDevice", "definition": None}]
ESPHOME = ("fazole/sensor/air/state", "21.5")
GEN1 = ("shellies/hall/relay/0/power", "60.5")
NOTIFIED = (
    "plug/events/rpc",
    '{"src":"shellyplus1pm-441793000001","method":"NotifyStatus","params":{"ts":1790000000,"switch:0":{"apower":60.5}}}',
)
PAIRS: dict[str, tuple[Said, Sequence[Said], Said]] = {  # one's own word; the other's words; what connects them
    "tasmota, its discovery": (
        TASMOTA,
        (config("soil", dev={"ids": ["123456"], "cns": [["mac", "5C:CF:7F:12:34:56"]]}), (SOIL, "40")),
        ("tasmota/discovery/5CCF7F123456/config", '{"t":"kitchen","ft":"%prefix%/%topic%/","mac":"5CCF7F123456"}'),
    ),
    "tasmota, home assistant's": (
        TASMOTA,
        (config("soil", dev={"ids": ["123456"]}), (SOIL, "40")),
        config("123456_t", "tele/kitchen/SENSOR", dev={"ids": ["123456"]}),
    ),
    "tasmota that got another topic": (
        TASMOTA,
        (
            ("tasmota/discovery/5CCF7F123456/config", '{"t":"cellar","mac":"5CCF7F123456"}'),
            ("tele/cellar/SENSOR", '{"Time":"2026-09-21T16:13:10","DS18B20":{"Temperature":20}}'),
        ),
        ("tasmota/discovery/5CCF7F123456/config", '{"t":"kitchen","mac":"5CCF7F123456"}'),
    ),
    "shelly rpc, gen1 announce": (NOTIFIED, (GEN1,), ("shellies/announce", '{"id":"hall","mac":"441793000001"}')),
    "shelly status, rpc": (
        ("plug/status/switch:0", '{"id":0,"voltage":230.1}'),
        (GEN1, ("shellies/announce", '{"id":"hall","mac":"441793000001"}')),
        NOTIFIED,
    ),
    "zigbee2mqtt, home assistant's": (
        ZIGBEE,
        (config("soil", dev={"ids": [f"zigbee2mqtt_{IEEE}"]}), (SOIL, "40")),
        config(f"{IEEE}/temperature", "zigbee2mqtt/my_sensor", dev={"ids": [f"zigbee2mqtt_{IEEE}"]}),
    ),
    "zigbee2mqtt, its list": (
        ZIGBEE,
        (config("soil", dev={"ids": [f"zigbee2mqtt_{IEEE}"]}), (SOIL, "40")),
        ("zigbee2mqtt/bridge/devices", json.dumps(LISTED)),
    ),
    "esphome, its discovery": (
        ESPHOME,
        (config("soil", dev={"ids": "246f28aabbcc"}), (SOIL, "40")),
        config("fazole/air", "fazole/sensor/air/state", avty_t="fazole/status", dev={"ids": "246f28aabbcc"}),
    ),
}
every_pair = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)


@every_pair
@pytest.mark.parametrize("first", [0, 1], ids=["native first", "native last"])
def test_two_that_were_stored_become_one_by_themselves(
    house: House, pair: tuple[Said, Sequence[Said], Said], first: int
) -> None:
    """After a restart too: the older one stays, nothing stored is rewritten, every name leads to it."""
    one, other, link = pair
    for second, messages in enumerate(((one,), other) if first == 0 else (other, (one,))):
        house.hear(*messages, second=second)
    before = [*house.hub.worker.understanding.devices]
    assert len(house.shown()) == len(before) == 2
    rows = house.hub.rows()
    house.acting.change(before[1], {"name": "Frigo", "room": "Cave"}, "x")
    house.restart()
    house.hear(link, second=5)
    assert [row for row in house.hub.rows() if row in rows] == rows
    for _ in range(2):
        (view,) = house.live.device_views()
        assert (view["id"], view["name"], view["room"], view["merged"]) == (before[0], "Frigo", "Cave", [before[1]])
        assert {house.hub.worker.understanding.resolve(uid) for uid in before} == {before[0]}
        house.restart()
    house.hear(one, second=70)
    assert {row.device for row in house.hub.rows() if row not in rows} <= {before[0]}


@every_pair
def test_what_a_person_takes_apart_is_not_joined_again(house: House, pair: tuple[Said, Sequence[Said], Said]) -> None:
    """Unmerge is the undo, and it lasts over a restart."""
    one, other, link = pair
    house.hear(one, *other, link)
    older, younger = [*house.hub.worker.understanding.devices]
    house.acting.unmerge(younger, "x")
    assert {view["id"] for view in house.live.device_views()} == {older, younger}
    house.restart()
    house.hear(link, second=5)
    assert {view["id"] for view in house.live.device_views()} == {older, younger}


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_a_shelly_by_status_notification_and_announcement_is_one(house: House, order: tuple[int, ...]) -> None:
    """Whatever comes first, with a restart after each."""
    messages = (
        ("shellies/hall/status/switch:0", '{"id":0,"voltage":230.1}'),
        ("shellies/hall/events/rpc", NOTIFIED[1]),
        ("shellies/announce", '{"id":"hall","mac":"441793000001"}'),
    )
    for second, place in enumerate(order):
        house.hear(messages[place], second=second)
        house.restart()
    assert len(house.shown()) == 1
    mind = house.hub.worker.understanding
    names = ("shelly:hall", "shelly:shellyplus1pm-441793000001", "mac:441793000001")
    assert len({mind.resolve(name) for name in names}) == 1


def test_devices_that_a_document_groups_under_a_word_stay_two(house: House) -> None:
    """In whatever order they speak and are described; each has its own values."""
    described = [
        config("plug", GEN1[0], unit_of_meas="W", dev={"ids": ["heating"]}),
        config("valve", ZIGBEE[0], val_tpl="{{ value_json.temperature }}", dev={"ids": ["heating"]}),
    ]
    house.hear(described[0], GEN1, described[1], ZIGBEE)
    assert {each["id"] for each in house.live.device_views()} == {"shelly:hall", "zigbee2mqtt:my_sensor"}
    house.hear(*described, second=1)
    assert len(house.live.device_views()) == 2


def test_friendly_names_that_were_exchanged_join_nobody(house: House) -> None:
    """Each keeps its address; the names are the bridge's to give."""
    listed = [
        {"ieee_address": f"0x{n:016x}", "friendly_name": name, "type": "EndDevice"} for n, name in enumerate("ab")
    ]
    house.hear(("zigbee2mqtt/bridge/devices", json.dumps(listed)))
    house.hear(("zigbee2mqtt/a", '{"temperature":1}'), ("zigbee2mqtt/b", '{"temperature":2}'))
    listed[0]["friendly_name"], listed[1]["friendly_name"] = "b", "a"
    house.hear(("zigbee2mqtt/bridge/devices", json.dumps(listed)), ("zigbee2mqtt/a", '{"temperature":3}'))
    assert len(house.live.device_views()) == 2


# --- taken back

BEDROOM = {"ids": "aa", "name": "Bedroom"}


def test_an_entity_that_is_taken_back_leaves_the_screen_and_its_history_stays(house: House) -> None:
    """After a restart too; it comes back with its next value."""
    t = config("t", dev_cla="temperature", val_tpl="{{ value_json.t }}", uniq_id="t", dev=BEDROOM)
    h = config("h", dev_cla="humidity", val_tpl="{{ value_json.h }}", uniq_id="h", dev=BEDROOM)
    house.hear(t, h, (SOIL, '{"t":20.5,"h":50}'))
    house.hear((h[0], ""), second=1)
    for _ in range(2):
        assert house.shown() == {"Bedroom": ["temperature"]}
        assert {row.channel for row in house.hub.rows()} == {"temperature", "humidity"}
        house.restart()
    house.hear(h, second=2)
    assert house.shown() == {"Bedroom": ["temperature"]}
    house.hear((SOIL, '{"t":20.5,"h":51}'), second=3)
    assert house.shown() == {"Bedroom": ["temperature", "humidity"]}
    house.restart()
    assert house.shown() == {"Bedroom": ["temperature", "humidity"]}


def test_a_component_that_is_taken_back_leaves_the_screen(house: House) -> None:
    """Sent again with its platform alone."""
    topic = "homeassistant/device/aa/config"
    parts = {
        name: {"p": "sensor", "uniq_id": name, "name": name, "val_tpl": f"{{{{ value_json.{name} }}}}"} for name in "th"
    }
    body = {"dev": {"ids": "aa"}, "o": {"name": "x"}, "stat_t": SOIL, "cmps": parts}
    house.hear((topic, json.dumps(body)), (SOIL, '{"t":20.5,"h":50}'))
    parts["h"] = {"p": "sensor"}
    house.hear((topic, json.dumps(body)))
    assert house.shown() == {"aa": ["t"]}


def test_an_entity_that_is_renamed_is_shown_once(house: House) -> None:
    """Its old channel leaves with its old name."""
    house.hear(config("x", name="soil"), (SOIL, "40"))
    house.hear(config("x", name="ground"), (SOIL, "41"))
    assert [*house.shown().values()] == [["ground"]]


def test_an_esphome_component_that_is_taken_back_leaves_under_its_own_name(house: House) -> None:
    """Its own driver names the channel by the topic; the node stays."""
    about = {"avty_t": "fazole/status", "dev": {"ids": "246f28aabbcc"}}
    air = config("fazole/air", "fazole/sensor/air/state", dev_cla="temperature", unit_of_meas="°C", **about)
    house.hear(air, ESPHOME, ("fazole/sensor/soil/state", "40"))
    house.hear((air[0], ""))
    assert house.shown() == {"fazole": ["soil"]}


def test_a_document_of_another_familys_topic_takes_nothing_off_the_screen(house: House) -> None:
    """Tasmota goes on speaking: switching its Home Assistant discovery off hides no value."""
    document = config("123456_t", TASMOTA[0], dev_cla="temperature", dev={"ids": ["123456"]})
    house.hear(TASMOTA, document, (document[0], ""))
    assert house.shown() == {"kitchen": ["temperature"]}
    assert not house.device("tasmota:kitchen").removed


def test_a_device_of_which_nothing_is_described_any_more_is_away(house: House) -> None:
    """After a restart too; it comes back with its next word, and its history was there all the time."""
    document = config("soil", name="soil", dev={"ids": "aa", "name": "Garden"})
    house.hear(document, (SOIL, "40"))
    house.hear((document[0], ""))
    for _ in range(2):
        assert house.shown() == {}
        assert house.device("homeassistant:aa").availability is Availability.OFFLINE
        assert [row.value for row in house.hub.rows()] == [40]
        house.restart()
    house.hear(document, (SOIL, "41"), second=5)
    assert house.shown() == {"Garden": ["soil"]}


def test_a_device_that_its_bridge_lists_no_more_is_away(house: House) -> None:
    """Taken out of the Zigbee network; one that was given another name is not."""
    listed = [
        {"ieee_address": f"0x{n:016x}", "friendly_name": name, "type": "EndDevice"} for n, name in enumerate("abc")
    ]
    house.hear(("zigbee2mqtt/bridge/devices", json.dumps(listed)))
    house.hear(*((f"zigbee2mqtt/{name}", '{"temperature":1}') for name in "abc"))
    left = [listed[0], listed[1] | {"friendly_name": "cellar"}]
    house.hear(("zigbee2mqtt/bridge/devices", json.dumps(left)), ("zigbee2mqtt/cellar", '{"temperature":2}'))
    assert house.shown() == {"a": ["temperature"], "cellar": ["temperature"]}
    assert len(house.hub.rows()) == 4
    house.restart()
    house.hear(("zigbee2mqtt/bridge/devices", json.dumps(listed)), ("zigbee2mqtt/c", '{"temperature":3}'), second=1)
    assert "c" in house.shown()


def test_what_migrates_to_a_device_document_stays_on_the_screen(house: House) -> None:
    """The old topics say so, then one document describes the same entity."""
    old = config("soil", name="soil", uniq_id="s", dev={"ids": "aa"})
    body = {
        "dev": {"ids": "aa"},
        "o": {"name": "x"},
        "cmps": {"s": {"p": "sensor", "name": "soil", "uniq_id": "s", "stat_t": SOIL}},
    }
    house.hear(old, (SOIL, "40"), (old[0], '{"migrate_discovery": true}'))
    house.hear(("homeassistant/device/aa/config", json.dumps(body)), (old[0], ""))
    assert house.shown() == {"aa": ["soil"]}


# --- silent


def test_a_value_that_its_document_lets_expire_is_the_last_usable_one(house: House) -> None:
    """`expire_after`, by the clock of its timeline; the document was heard before the device, and before a restart."""
    house.hear(config("soil", name="soil", exp_aft=60, dev={"ids": "aa"}))
    house.restart()
    house.hear((SOIL, "40"), second=10)
    (view,) = house.live.device_views()
    assert view["silence"] == {"soil": 60}
    for second, quality in ((69, Quality.GOOD), (70, Quality.GOOD), (71, Quality.UNCERTAIN)):
        house.hub.wall = WALL + second * NS
        assert house.qualities() == {"soil": quality}
    house.restart()
    assert house.qualities() == {"soil": Quality.UNCERTAIN}
    house.hear((SOIL, "41"), second=72)
    assert house.qualities() == {"soil": Quality.GOOD}


def test_a_document_that_says_no_more_that_values_expire_is_believed(house: House) -> None:
    """What is usual counts again."""
    house.hear(config("soil", name="soil", exp_aft=60), (SOIL, "40"), config("soil", name="soil"))
    house.hub.wall = WALL + 600 * NS
    assert house.qualities() == {"soil": Quality.GOOD}
    assert house.live.device_views()[0]["silence"] == {"soil": 900}


def test_values_of_a_device_that_is_offline_are_the_last_usable_ones(house: House) -> None:
    """By its last will."""
    house.hear(("tele/kitchen/LWT", "Online"), TASMOTA)
    assert house.qualities() == {"temperature": Quality.GOOD}
    house.hear(("tele/kitchen/LWT", "Offline"), second=1)
    assert house.qualities() == {"temperature": Quality.UNCERTAIN}


def test_a_channels_own_period_is_known_after_a_restart(house: House) -> None:
    """Three of its periods, of each channel: one that speaks each minute beside one that speaks each hour."""
    for minute in range(0, 361, 60):
        house.hear(("zigbee2mqtt/slow", '{"temperature":20}'), second=60 * minute)
    for minute in range(361, 368):
        house.hear(("lab/quick/t", "20"), second=60 * minute)
    for _ in range(2):
        assert {view["name"]: [*view["silence"].values()] for view in house.live.device_views()} == {
            "slow": [10_800],
            "lab/quick": [180],
        }
        house.restart()
        house.live.apply(Batch(rhythms=house.hub.kept.rhythms()))


# --- health


def test_what_a_document_calls_diagnostic_comes_last(house: House) -> None:
    """Battery and radio too, whatever their category; the document was heard before a restart."""
    about = {"ids": "aa", "name": "Bedroom", "sw": "2024.6.0"}
    parts = {
        "r": {"dev_cla": "signal_strength", "unit_of_meas": "dBm"},
        "b": {"dev_cla": "battery", "unit_of_meas": "%"},
        "u": {"ent_cat": "diagnostic", "name": "Boots"},
        "t": {"dev_cla": "temperature", "unit_of_meas": "°C"},
    }
    for name, fields in parts.items():
        house.hear(
            (
                f"homeassistant/sensor/{name}/config",
                json.dumps({"stat_t": SOIL, "dev": about, "val_tpl": f"{{{{ value_json.{name} }}}}"} | fields),
            )
        )
    house.restart()
    house.hear((SOIL, '{"r":-60,"b":80,"u":3,"t":20.5}'))
    assert house.shown() == {"Bedroom": ["temperature", "signal_strength", "battery", "boots"]}
    assert house.live.device_views()[0]["firmware"] == "2024.6.0"


SHELLY_INFO = (
    '{"id":1,"src":"shellyplus1pm-441793000001","result":{"id":"x","name":"Four","ver":"1.3.3","fw_id":"20240625"}}'
)


@pytest.mark.parametrize(
    ("messages", "name", "version"),
    [
        (
            (("tasmota/discovery/5CCF7F123456/config", '{"t":"kitchen","dn":"Vitrine","sw":"14.1.0"}'),),
            "Vitrine",
            "14.1.0",
        ),
        ((("shellies/announce", '{"id":"hall","mac":"8CAAB54B98DF","fw_ver":"v1.12"}'),), "hall", "v1.12"),
        ((NOTIFIED, ("matinales-ask/plug/rpc", SHELLY_INFO)), "Four", "1.3.3"),
        (
            (("zigbee2mqtt/bridge/devices", json.dumps([LISTED[0] | {"software_build_id": "3000-0001"}])), ZIGBEE),
            "my_sensor",
            "3000-0001",
        ),
        (
            (("homie/car/$homie", "4.0.0"), ("homie/car/$state", "ready"), ("homie/car/$fw/version", "2.1")),
            "car",
            "2.1",
        ),
        ((("home/omg/SYStoMQTT", '{"uptime":5,"version":"v1.7.0"}'),), "home/omg", "v1.7.0"),
    ],
)
def test_a_devices_firmware_is_shown(house: House, messages: Sequence[Said], name: str, version: str) -> None:
    """By its own or its bridge's word, also where that came before the device's first value."""
    house.hear(*messages)
    (view,) = house.live.device_views()
    assert (view["name"], view["firmware"]) == (name, version)


def test_a_lorawan_device_is_called_as_its_network_calls_it(house: House) -> None:
    """ChirpStack says the name its user gave; its uid is the DevEUI for ever."""
    up = {"deviceInfo": {"deviceName": "Ruche 3", "devEui": "0101010101010101"}, "object": {"weight": 41.5}}
    house.hear(("application/a/device/0101010101010101/event/up", json.dumps(up)))
    assert house.shown() == {"Ruche 3": ["weight"]}
    assert house.device("eui:0101010101010101").uid == "chirpstack:0101010101010101"
