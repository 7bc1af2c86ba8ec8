"""What is known from all discovery documents heard so far, shared by the drivers that need it."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from hub.drivers._ha_document import Document, Entity
from hub.errors import PayloadError

MODEL = "homeassistant"
MANY = 20_000
"""Entities worth remembering; more is hostile."""


class Context(Struct, frozen=True):
    """What the documents say.

    Attributes:
        entities: key → entity.
        configs: topic of a document → keys of its entities.
        topics: topic of a state, an availability or a command → keys of the entities that name it.
        owners: uid and channel → the entity that the name belongs to, for ever.
        said: uid and availability topic → whether it last said online, where several topics decide.
    """

    entities: dict[str, Entity] = {}
    configs: dict[str, tuple[str, ...]] = {}
    topics: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    said: dict[str, bool] = {}

    def of(self, topic: str) -> list[Entity]:
        """Return the entities that name a topic."""
        return [self.entities[key] for key in self.topics.get(topic, ())]

    def adopted(self) -> list[str]:
        """Return the topics that discovery alone explains; what an ESPHome says is read by its own driver."""
        return [topic for topic, keys in self.topics.items() if not all(self.entities[key].native for key in keys)]


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
        for key in context.topics.get(entity.state, ())
        if entity.unique and key not in document.entities and context.entities[key].unique == entity.unique
    }
    if len(context.entities) + len(document.entities) > MANY:
        msg = f"more than {MANY} entities are described (entity cap)"
        raise PayloadError(msg)
    before = {key: context.entities[key] for key in document.entities if key in context.entities}
    entities = {key: entity for key, entity in context.entities.items() if key not in gone} | document.entities
    keys = tuple(
        dict.fromkeys(key for key in (*context.configs.get(config, ()), *document.entities) if key not in gone)
    )
    owners = {f"{each.device}\n{each.channel}": each.unique or key for key, each in document.entities.items()}
    return structs.replace(
        context,
        entities=entities,
        configs=context.configs | {config: keys},
        topics=_indexed(context, entities, [*before.values(), *(context.entities[key] for key in gone)], document),
        owners=context.owners | owners if len(context.owners) < 2 * MANY else context.owners,
    )


def forgotten(context: Context, config: str) -> Context:
    """Return the context without the entities of a document; the names of their channels stay theirs."""
    keys = set(context.configs.get(config, ()))
    if config not in context.configs:
        return context
    entities = {key: entity for key, entity in context.entities.items() if key not in keys}
    return structs.replace(
        context,
        entities=entities,
        configs={topic: each for topic, each in context.configs.items() if topic != config},
        topics=_indexed(context, entities, [context.entities[key] for key in keys if key in context.entities], None),
    )


def _of_any(key: str, removed: Iterable[str]) -> bool:
    return key in removed or key.partition("!")[0] in removed


def _indexed(
    context: Context, entities: Mapping[str, Entity], before: Iterable[Entity], document: Document | None
) -> dict[str, tuple[str, ...]]:
    """Return topic → keys, where only the topics of what changed are looked at anew."""
    new = document.entities if document is not None else {}
    topics = dict(context.topics)
    for topic in {topic for entity in (*before, *new.values()) for topic in entity.topics()}:
        candidates = dict.fromkeys((*topics.get(topic, ()), *new))
        keys = tuple(key for key in candidates if key in entities and topic in entities[key].topics())
        if keys:
            topics[topic] = keys
        else:
            topics.pop(topic, None)
    return topics
