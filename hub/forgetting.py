"""Which raw messages of the journal speak of a device that is being forgotten (design.md §1; reliability.md X19)."""

from collections.abc import Iterator, Sequence
from typing import Any

from hub.erasing import Trace
from hub.journal.base import JournalReader
from hub.model import Kind, Record
from hub.registry import Contexts, Outcome, Registry

CHUNK = 2_000
OF_ONE = {Kind.READINGS, Kind.AVAILABILITY}
"""Kinds that are one device's own word: another device's stay, even where they hold the same word."""


_INFLUX = {
    "code": "influx",
    "text": {
        "fr": "InfluxDB l’efface aussi, tout de suite ou dès qu’il répond ;"
        " ses octets quittent les fichiers d’InfluxDB à leur prochaine compaction.",
        "en": "InfluxDB erases it too, at once or as soon as it answers;"
        " its bytes leave InfluxDB's files at their next compaction.",
    },
}
_COPIES = {
    "code": "copies",
    "text": {
        "fr": "Les exports et les sauvegardes déjà faits le gardent jusqu’à ce que vous les effaciez.",
        "en": "Exports and backups made before keep it until you delete them.",
    },
}


def elsewhere(*, influx: bool) -> list[dict[str, Any]]:
    """Return what forgetting cannot reach at once, to be said in its answer (design.md §2, sentence 6)."""
    return [_INFLUX, _COPIES] if influx else [_COPIES]


class Finder:
    """Looks through a journal for a device's messages."""

    def __init__(self, registry: Registry, contexts: Contexts, names: Sequence[str]) -> None:
        """Know the device by its names; `contexts` as they were before it was forgotten, a copy of one's own."""
        self._after = 0
        self._registry = registry
        self._contexts = contexts
        self._names = set(names)
        self._strict = Trace(names)
        # a topic may hold the levels of a name apart: home/tele/cellar/SENSOR is home/cellar
        self._loose = Trace({level for name in names for level in name.split("/")})

    def find(self, reader: JournalReader) -> Iterator[list[int]]:
        """Yield the positions to erase, group by group, up to the journal's end of now; again: those since. Blocks."""
        end = reader.end
        while self._after < end:
            records = reader.read(self._after, CHUNK)
            if not records:
                return
            found = [record.position for record in records if self._is_of_it(record)]
            self._after = records[-1].position
            if found:
                yield found

    def _is_of_it(self, record: Record) -> bool:
        message = record.message
        if not self._loose.names(message.topic, message.payload):
            return False
        outcome = self._registry.decode(message, self._contexts)
        if self._says(outcome):
            return True
        own_word = outcome.decoded is not None and outcome.decoded.kind in OF_ONE
        return self._strict.names(message.topic, message.payload) and not own_word

    def _says(self, outcome: Outcome) -> bool:
        decoded = outcome.decoded
        if decoded is None:
            return False
        return not self._names.isdisjoint((decoded.device, *decoded.aliases))
