"""Home Assistant MQTT discovery: any device that describes its topics, units and words in a document."""

from collections.abc import Collection, Iterable

import msgspec
from msgspec import structs

from hub.driver import (
    Announced,
    Channel,
    Command,
    Commanding,
    Decoded,
    Driver,
    Event,
    Example,
    Order,
    Sample,
    Target,
    switched,
)
from hub.drivers._ha_context import MODEL, Context, forgotten, news, taken
from hub.drivers._ha_document import IDS, PREFIX, Entity, Place, Setting, Watched, place, read, written
from hub.drivers._ha_template import Payload, render, written_by
from hub.errors import ForeignPayloadError, PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import is_absent, json_object, shown, slug

STATUS = f"{PREFIX}/status"
"""Home Assistant's own birth and last will."""
RETIRED = "the discovery document of this topic was taken back"
SENDER = f"{MODEL}:{PREFIX}"


def claims(topic: str) -> bool:
    """Recognise discovery topics, and what lies below the usual prefix; other topics are adopted."""
    return topic.startswith(f"{PREFIX}/") or place(topic) is not None


def adopts(_scope: str, context: Context) -> Collection[str]:
    """Return the topics that documents name, or named: what was theirs is never another family's new device."""
    return context.topics.keys() | context.retired.keys()


def about(names: Collection[str], context: Context) -> Announced | None:
    """Return what documents said of a device before it spoke."""
    uid = next((name for name in names if name in context.about), None)
    if uid is None:
        return None
    said = context.about[uid]
    return Announced(uid, name=said.name, firmware=said.firmware, channels=tuple(said.channels.values()))


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode a discovery document, or what a document says of a topic."""
    topic, found = message.topic, place(message.topic)
    if topic in context.topics and not (found and found.own):
        return _heard(topic, message.payload, context)
    if found is not None:
        return _document(topic, found, message.payload, context)
    if topic == STATUS:
        return Decoded(Kind.HOUSEKEEPING, SENDER, speaks_for_others=True), context
    if topic in context.retired:
        return Decoded(Kind.HOUSEKEEPING, context.retired[topic], rejected={"payload": RETIRED}), context
    msg = "no discovery document heard so far describes this topic"
    raise PayloadError(msg)


def _document(topic: str, found: Place, payload: bytes, context: Context) -> tuple[Decoded, Context]:
    """Take a document; below another prefix than the usual one it may be no discovery at all."""
    if not payload:
        if not found.own and topic not in context.configs:
            msg = "an empty payload takes no discovery document back here"
            raise ForeignPayloadError(msg)
        return _taken_back(topic, context)
    try:
        if not all(IDS.fullmatch(each) for each in (found.component, found.name, found.node or found.name)):
            msg = f"{shown(topic)} is no discovery topic: prefix/component/[node/]object/config, ids of a-z A-Z 0-9 _ -"
            raise PayloadError(msg)  # noqa: TRY301 — one place tells discovery from others
        body = json_object(payload)
        if body.get("migrate_discovery") is True:
            return _taken_back(topic, context, migrates=True)
        document = read(topic, found, body, context.owners)
        after = taken(context, topic, document)
    except PayloadError as error:
        if found.own:
            raise
        raise ForeignPayloadError(*error.args) from None
    topics = tuple(dict.fromkeys(each for entity in document.entities.values() for each in entity.topics()))
    changed = news(context, after, topic)
    announced = Announced(
        document.device,
        document.aliases,
        document.name,
        firmware=document.firmware,
        topics=topics,
        channels=changed,
    )
    return Decoded(
        Kind.DISCOVERY, document.device, announces=(announced,), rejected=document.rejected, speaks_for_others=True
    ), after


def _taken_back(topic: str, context: Context, *, migrates: bool = False) -> tuple[Decoded, Context]:
    """Forget what a topic described: its channels leave the screen, and the device that nothing else describes.

    What migrates to a device document comes back with it.
    """
    keys, after = context.configs.get(topic, ()), forgotten(context, topic)
    device = context.entities[keys[0]].device if keys else SENDER
    announces: tuple[Announced, ...] = ()
    if keys and not migrates:
        described = any(each.device == device for each in after.entities.values())
        announces = (Announced(device, channels=news(context, after, topic), removed=not described),)
    return Decoded(Kind.DISCOVERY, device, announces=announces, speaks_for_others=True), after


def _heard(topic: str, payload: bytes, context: Context) -> tuple[Decoded, Context]:
    """Decode what documents describe: states and availability before commands."""
    entities = context.of(topic)
    content = Payload(payload)
    states = [each for each in entities if each.state == topic]
    watching = [each for each in entities if each.watched and any(word.topic == topic for word in each.watched)]
    if not states and not watching:
        return Decoded(Kind.COMMAND, entities[0].device), context
    device = (states or watching)[0].device
    samples, events, rejected = _values(states, content, device)
    said: dict[str, Availability] = {}
    if watching:
        try:
            said, context = _availability(topic, content, watching, context)
        except PayloadError as error:
            rejected["availability"] = str(error)
    if not samples and not events and rejected and not said:
        raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(rejected.items())[:8]))
    others = tuple(Announced(each, availability=word) for each, word in said.items() if each != device)
    kind = Kind.READINGS if samples else Kind.AVAILABILITY if said else Kind.HOUSEKEEPING
    return Decoded(kind, device, samples, events, said.get(device), announces=others, rejected=rejected), context


def _values(
    states: Iterable[Entity], content: Payload, device: str
) -> tuple[tuple[Sample, ...], tuple[Event, ...], dict[str, str]]:
    """Return what one message gives for each entity whose state it is; one bad value spoils no other."""
    samples: dict[str, Sample] = {}
    events: list[Event] = []
    rejected: dict[str, str] = {}
    for entity in states:
        if not entity.sort:
            continue
        channel = entity.channel  # one message is one device's word: another's value carries its name
        if entity.device != device:
            channel += f"_{slug(entity.device.partition(':')[2])}".rstrip("_")
        try:
            value = render(entity.template, content)
            if entity.sort == "event":
                if isinstance(value, str) and not is_absent(value):
                    events.append(Event(entity.channel, value))
                continue
            sample = entity.sample(value)
        except PayloadError as error:
            rejected[entity.channel] = str(error)
            continue
        samples.setdefault(channel, sample if channel == sample.channel else structs.replace(sample, channel=channel))
    return tuple(samples.values()), tuple(events), rejected


def _availability(
    topic: str, content: Payload, watching: Iterable[Entity], context: Context
) -> tuple[dict[str, Availability], Context]:
    """Return uid → whether it can be reached, as its first entity that watches the topic judges.

    Raises:
        PayloadError: where the payload is none of the words that anybody waits for.
    """
    said: dict[str, Availability] = {}
    words: Watched | None = None
    for entity in watching:
        words = next(each for each in entity.watched if each.topic == topic)
        there = _says(words, content)
        if there is None or entity.device in said:
            continue
        if entity.mode != "latest" and len(entity.watched) > 1:
            context = _remembered(context, f"{entity.device}\n{topic}", there=there)
            known = [context.said.get(f"{entity.device}\n{each.topic}", False) for each in entity.watched]
            there = all(known) if entity.mode == "all" else any(known)
        said[entity.device] = Availability.ONLINE if there else Availability.OFFLINE
    if words is not None and not said:
        msg = f"{shown(content.text())} says neither {shown(words.there)} nor {shown(words.gone)}"
        raise PayloadError(msg)
    return said, context


def _says(watched: Watched, content: Payload) -> bool | None:
    """Return whether a payload says online; None where it says neither."""
    return {watched.gone: False, watched.there: True}.get(written(render(watched.template, content)))


def _remembered(context: Context, key: str, *, there: bool) -> Context:
    if context.said.get(key) is there:
        return context
    return structs.replace(context, said=context.said | {key: there})


def _obeying(target: Target) -> dict[str, tuple[Entity, Setting]]:
    """Return channel → the entity of a device that can be told, and how; who never says what it is, is left out."""
    names = {target.uid, *target.names}
    return {
        each.channel: (each, each.setting)
        for each in target.context.entities.values()
        if each.setting is not None and each.state and each.sort and each.device in names
    }


def settable(target: Target) -> tuple[Channel, ...]:
    """Return the channels that documents give a topic to be set on."""
    return tuple(entity.reach() for entity, _ in _obeying(target).values())


def command(target: Target, wanted: Command) -> Order:
    """Tell an entity on the topic, and in the words, that its document gives; the state it then publishes proves it."""
    found = _obeying(target).get(wanted.channel)
    if found is None:
        msg = f"{wanted.channel}: no discovery document heard so far gives a topic to set it on"
        raise PayloadError(msg)
    entity, setting = found
    moves = "position" in wanted.channel
    usual = 2.0 if moves else 0.05 if entity.sort == "number" and not setting.member else 0.0
    return Order(
        messages=((setting.topic, _told(entity, setting, wanted).encode()),),
        channel=wanted.channel,
        value=wanted.value,
        tolerance=max(usual, entity.width(setting.step / 2)),  # a device may round to its own steps
        within=60.0 if moves else 10.0,  # a shutter takes its time
    )


def _told(entity: Entity, setting: Setting, wanted: Command) -> str:
    """Return the payload that tells an entity what to be."""
    if entity.sort == "flag":
        word = setting.on if switched(wanted) else setting.off
        return json_text({setting.member: word}) if setting.member else written_by(setting.template, word)
    value = entity.stated(wanted.value)
    if (setting.member or "position" in wanted.channel) and value != int(value):
        msg = f"{wanted.channel} is {wanted.value:g}: a whole number is expected"
        raise PayloadError(msg)
    if setting.member:
        return json_text({"state": "ON" if value else "OFF", setting.member: int(value)})
    return written_by(setting.template, value)


def json_text(body: dict[str, object]) -> str:
    """Return a document as a light of the JSON kind takes it."""
    return msgspec.json.encode(body).decode()


BEDROOM = "homeassistant/sensor/sensorBedroom/state"


def _configured(topic: str, payload: str) -> tuple[tuple[str, bytes], ...]:
    return ((topic, payload.encode()),)


DRIVER = Driver(
    model=MODEL,
    family="homeassistant",
    title="Home Assistant MQTT discovery",
    source="https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery; wire_formats.md §5",
    topics=("#", f"{PREFIX}/#"),
    claims=claims,
    adopts=adopts,
    about=about,
    rank=1,
    context=Context,
    open_channels=True,
    decode=decode,
    settable=settable,
    command=command,
    commandings=(
        Commanding(
            before=(
                *_configured(
                    "homeassistant/switch/pump/config",
                    '{"stat_t":"pump/state","cmd_t":"pump/set","pl_on":"go","pl_off":"halt",'
                    '"cmd_tpl":"{\\"do\\":\\"{{ value }}\\"}"}',
                ),
                ("pump/state", b"halt"),
            ),
            channel="switch",
            value=1,
            sends=(("pump/set", b'{"do":"go"}'),),
            report=("pump/state", b"go"),
        ),
        Commanding(
            before=(
                *_configured(
                    "homeassistant/number/oven/config",
                    '{"~":"oven","name":"Set point","stat_t":"~/sp","cmd_t":"~/sp/set","dev_cla":"temperature",'
                    '"unit_of_meas":"°F","min":100,"max":500,"step":5,"cmd_tpl":"{{ value | int }}"}',
                ),
                ("oven/sp", b"200"),
            ),
            channel="temperature",
            value=150,
            sends=(("oven/sp/set", b"302"),),
            report=("oven/sp", b"300"),
        ),
        Commanding(
            before=(
                *_configured(
                    "homeassistant/light/lamp/config",
                    '{"schema":"json","name":"lamp","stat_t":"lamp","cmd_t":"lamp/set","brightness":true}',
                ),
                ("lamp", b'{"state":"ON","brightness":10}'),
            ),
            channel="brightness",
            value=128,
            sends=(("lamp/set", b'{"state":"ON","brightness":128}'),),
            report=("lamp", b'{"state":"ON","brightness":128}'),
        ),
        Commanding(
            before=(
                *_configured(
                    "homeassistant/cover/blind/config",
                    '{"name":"blind","pos_t":"blind/pos","set_pos_t":"blind/pos/set","cmd_t":"blind/set"}',
                ),
                ("blind/pos", b"100"),
            ),
            channel="position",
            value=40,
            sends=(("blind/pos/set", b"40"),),
            report=("blind/pos", b"41"),
        ),
        Commanding(
            before=(
                *_configured(
                    "homeassistant/climate/heat/config",
                    '{"name":"heat","temp_stat_t":"heat/sp","temp_cmd_t":"heat/sp/set","temp_unit":"C","max_temp":30}',
                ),
                ("heat/sp", b"19"),
            ),
            channel="target_temperature",
            value=20.5,
            sends=(("heat/sp/set", b"20.5"),),
            report=("heat/sp", b"20.5"),
        ),
    ),
    channels=(),
    examples=(
        Example(
            topic=BEDROOM,
            payload=b'{ "temperature": 23.20, "humidity": 43.70 }',
            before=(
                (
                    "homeassistant/sensor/sensorBedroomT/config",
                    f'{{"device_class":"temperature","name":"Temperature","state_topic":"{BEDROOM}",'
                    '"unit_of_measurement":"°C","value_template":"{{ value_json.temperature}}"}'.encode(),
                ),
                (
                    "homeassistant/sensor/sensorBedroomH/config",
                    f'{{"device_class":"humidity","name":"Humidity","state_topic":"{BEDROOM}",'
                    '"unit_of_measurement":"%","value_template":"{{ value_json.humidity}}"}'.encode(),
                ),
            ),
            device="homeassistant:sensorBedroom",
            kind=Kind.READINGS,
            values={"temperature": 23.2, "humidity": 43.7},
        ),
        Example(
            topic="kitchen/state",
            payload=b'{"t":71.6,"door":"open","p":[100120]}',
            before=_configured(
                "homeassistant/device/ea334450945afc/config",
                '{"~":"kitchen","dev":{"ids":"ea334450945afc","name":"Kitchen"},"o":{"name":"bla2mqtt"},"stat_t":"~/state",'
                '"cmps":{"t":{"p":"sensor","dev_cla":"temperature","unit_of_meas":"°F","val_tpl":"{{ value_json.t }}",'
                '"uniq_id":"t1"},"d":{"p":"binary_sensor","dev_cla":"door","pl_on":"open","pl_off":"closed","val_tpl":'
                '"{{ value_json.door }}","uniq_id":"d1"},"p":{"p":"sensor","dev_cla":"pressure","unit_of_meas":"Pa",'
                '"val_tpl":"{{ value_json[\'p\'][0] | float | round(1) }}","uniq_id":"p1"}}}',
            ),
            device="homeassistant:ea334450945afc",
            kind=Kind.READINGS,
            values={"temperature": 22, "door": 1, "pressure": 1001.2},
        ),
        Example(
            topic="pump/alive",
            payload=b"no",
            before=_configured(
                "homeassistant/switch/pump/config",
                '{"stat_t":"pump/state","cmd_t":"pump/set","avty":{"t":"pump/alive","pl_avail":"yes","pl_not_avail":"no"}}',
            ),
            device="homeassistant:pump",
            kind=Kind.AVAILABILITY,
            availability=Availability.OFFLINE,
        ),
        Example(
            topic="pump/set",
            payload=b"ON",
            before=_configured("homeassistant/button/pump/config", '{"cmd_t":"pump/set"}'),
            device="homeassistant:pump",
            kind=Kind.COMMAND,
        ),
        Example(
            topic="homeassistant/binary_sensor/garden/config",
            payload=b'{"name":null,"device_class":"motion","state_topic":"homeassistant/binary_sensor/garden/state"}',
            device="homeassistant:garden",
            kind=Kind.DISCOVERY,
        ),
        Example(topic="homeassistant/binary_sensor/garden/config", payload=b"", kind=Kind.DISCOVERY),
        Example(topic=STATUS, payload=b"online", kind=Kind.HOUSEKEEPING),
        Example.refused(BEDROOM, '{"temperature":23.2}', because="no discovery document"),
        Example.refused("homeassistant/device/x/config", '{"dev":{"ids":"x"},"cmps":{}}', because="without origin (o)"),
        Example.refused("homeassistant/sensor/x/config", '{"name":"x"}', because="without state_topic"),
    ),
)
