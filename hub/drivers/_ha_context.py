"""What is known from all discovery documents heard so far, shared by the drivers that need it."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, structs

from hub.driver import Described
from hub.drivers._ha_document import Document, Entity
from hub.errors import PayloadError

MODEL = "homeassistant"
MANY = 20_000
"""Entities worth remembering; more is hostile."""


class About(Struct, frozen=True):
    """What documents say of a device as a whole: name, firmware, and of channels what is not so everywhere."""

    name: str | None = None
    firmware: str | None = None
    channels: dict[str, Described] = {}


class Context(Struct, frozen=True):
    """What the documents say.

    Attributes:
        entities: key → entity.
        configs: topic of a document → keys of its entities.
        topics: topic of a state, an availability or a command → keys of the entities that name it: discovery alone
            explains it.
        native: the same of topics that only entities of an ESPHome name: its own driver reads them.
        owners: uid and channel → the entity that the name belongs to, for ever.
        said: uid and availability topic → whether it last said online, where several topics decide.
        about: uid → what is said of the device as a whole.
        retired: topic that documents named, and name no more → uid: what still comes there is nobody's, and above all
            no new device's.
    """

    entities: dict[str, Entity] = {}
    configs: dict[str, tuple[str, ...]] = {}
    topics: dict[str, tuple[str, ...]] = {}
    native: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    said: dict[str, bool] = {}
    about: dict[str, About] = {}
    retired: dict[str, str] = {}

    def of(self, topic: str) -> list[Entity]:
        """Return the entities that name a topic."""
        return [self.entities[key] for key in self.keys(topic)]

    def keys(self, topic: str) -> tuple[str, ...]:
        """Return the keys of the entities that name a topic."""
        return self.topics.get(topic) or self.native.get(topic, ())


def taken(context: Context, config: str, document: Document) -> Context:
    """Return the context with a document in place of the earlier one on its topic; the same where nothing is new.

    A component that a document no longer names stays until it is taken back by name.
    """
    gone = {key for key in context.entities if _of_any(key, document.removed)} if document.removed else set()
    if not gone and all(context.entities.get(key) == entity for key, entity in document.entities.items()):
        return context
    gone |= {
        key
        for entity in document.entities.values()
        for key in context.keys(entity.state)
        if entity.unique and key not in document.entities and context.entities[key].unique == entity.unique
    }
    if len(context.entities) + len(document.entities) > MANY:
        msg = f"more than {MANY} entities are described (entity cap)"
        raise PayloadError(msg)
    before = [context.entities[key] for key in {*document.entities, *gone} if key in context.entities]
    entities = context.entities | document.entities
    for key in gone:
        del entities[key]
    keys = tuple(
        dict.fromkeys(key for key in (*context.configs.get(config, ()), *document.entities) if key not in gone)
    )
    owners = {f"{each.device}\n{each.channel}": each.unique or key for key, each in document.entities.items()}
    topics, native = _indexed(context, entities, before, document.entities)
    earlier = context.about.get(document.device, About())
    channels = _special(earlier, before, document.entities.values())
    about = About(document.name or earlier.name, document.firmware or earlier.firmware, channels)
    return structs.replace(
        context,
        about=context.about if about == earlier else context.about | {document.device: about},
        entities=entities,
        configs=context.configs | {config: keys},
        topics=topics,
        native=native,
        retired=_retired(context, before, topics),
        owners=context.owners | owners if len(context.owners) < 2 * MANY else context.owners,
    )


def forgotten(context: Context, config: str) -> Context:
    """Return the context without the entities of a document; the names of their channels stay theirs."""
    if config not in context.configs:
        return context
    entities, configs = dict(context.entities), dict(context.configs)
    before = [entities.pop(key) for key in configs.pop(config) if key in entities]
    topics, native = _indexed(context, entities, before, {})
    about = dict(context.about)
    for device in {entity.device for entity in before} & about.keys():
        about[device] = structs.replace(about[device], channels=_special(about[device], before, ()))
    return structs.replace(
        context,
        entities=entities,
        configs=configs,
        topics=topics,
        native=native,
        about=about,
        retired=_retired(context, before, topics),
    )


def news(before: Context, after: Context, config: str) -> tuple[Described, ...]:
    """Return what a document on `config` changed of its device's channels."""
    if before is after:
        return ()
    old = [before.entities[key] for key in before.configs.get(config, ()) if key in before.entities]
    new = [after.entities[key] for key in after.configs.get(config, ()) if key in after.entities]
    there = {(each.device, each.given) for each in new}
    left = {
        (each.device, each.given): each.state for each in old if each.sort and (each.device, each.given) not in there
    }
    if left:
        there = {(each.device, each.given) for each in after.entities.values()}
    gone = [
        Described(channel, state, gone=True)
        for (device, channel), state in left.items()
        if (device, channel) not in there
    ]
    return (*gone, *(each.described() for each in new if each.sort))


def _special(about: About, before: Iterable[Entity], new: Iterable[Entity]) -> dict[str, Described]:
    """Return the channels that expire or speak of the device itself, where entities give way to others."""
    left = {entity.given for entity in before}
    return {channel: each for channel, each in about.channels.items() if channel not in left} | {
        entity.given: entity.described() for entity in new if entity.expires or entity.health
    }


def _retired(context: Context, before: Iterable[Entity], topics: Collection[str]) -> dict[str, str]:
    """Return the topics that nothing names any more, where some entities gave way to others."""
    left = {topic: entity.device for entity in before for topic in entity.topics() if topic not in topics}
    retired = {topic: uid for topic, uid in (context.retired | left).items() if topic not in topics}
    for oldest in [*retired][: max(0, len(retired) - MANY)]:
        del retired[oldest]
    return retired


def _of_any(key: str, removed: Iterable[str]) -> bool:
    return key in removed or key.partition("!")[0] in removed


def _indexed(
    context: Context, entities: Mapping[str, Entity], before: Iterable[Entity], new: Mapping[str, Entity]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return topic → keys of adopted and of native topics, where only those of what changed are looked at anew."""
    topics, native = dict(context.topics), dict(context.native)
    for topic in {topic for entity in (*before, *new.values()) for topic in entity.topics()}:
        candidates = dict.fromkeys((*topics.pop(topic, ()), *native.pop(topic, ()), *new))
        keys = tuple(key for key in candidates if key in entities and topic in entities[key].topics())
        if keys:
            (native if all(entities[key].native for key in keys) else topics)[topic] = keys
    return topics, native
