"""What is kept of a session, why, and until when: shown before it starts (design.md §2, sentence 6)."""

from typing import Any

_PURGE = {
    "fr": "jusqu’à la date d’effacement, ou avant si vous l’effacez",
    "en": "until the day it is erased, or before",
}
_KEEPS: list[dict[str, Any]] = [
    {
        "code": "typed",
        "text": {
            "fr": "Ce que l’on écrit\u00a0: titre, lieu, commentaires, notes, et l’image du plan."
            " Pour retrouver la séance.",
            "en": "What is typed: title, place, comments, notes, and the picture of the floor plan."
            " To find the session again.",
        },
        "until": _PURGE,
    },
    {
        "code": "people",
        "text": {
            "fr": "Qui participe avec un téléphone\u00a0: numéro de table, prénom s’il est donné, réponses, et ce que"
            " le téléphone mesure (jamais de son ni de lieu), sous un numéro tiré au sort. Pour le rapport.",
            "en": "Who takes part with a phone: table number, first name where given, answers, and what the phone"
            " measures (never sound or place), under a random number. For the report.",
        },
        "until": {
            "fr": "jusqu’à la date d’effacement, ou dès que la personne quitte l’atelier",
            "en": "until the day it is erased, or as soon as they leave the workshop",
        },
    },
    {
        "code": "measured",
        "text": {
            "fr": "Les messages, les mesures et les alarmes. Pour les revoir et les rejouer.",
            "en": "Messages, readings and alarms. To look at them and play them again.",
        },
        "until": _PURGE,
    },
    {
        "code": "reports",
        "text": {
            "fr": "Les comptes rendus faits dans le dossier de données. Pour les donner.",
            "en": "Reports made into the data folder. To hand them out.",
        },
        "until": _PURGE,
    },
    {
        "code": "devices",
        "text": {
            "fr": "Les objets, avec le nom et la pièce que vous leur donnez. Pour la séance suivante.",
            "en": "The devices, with the names and rooms you give them. For the next session.",
        },
        "until": {"fr": "jusqu’à ce que vous oubliiez l’objet", "en": "until you forget the device"},
    },
    {
        "code": "copies",
        "text": {
            "fr": "Les exports et les sauvegardes déjà faits.",
            "en": "Exports and backups made before.",
        },
        "until": {"fr": "jusqu’à ce que vous les effaciez", "en": "until you delete them"},
    },
]
_INFLUX: dict[str, Any] = {
    "code": "influx",
    "text": {"fr": "Les mesures envoyées à InfluxDB.", "en": "Readings sent on to InfluxDB."},
    "until": {
        "fr": "jusqu’à sa propre durée de rétention\u00a0: l’effacement d’une séance ne l’atteint pas",
        "en": "for as long as its own retention says: erasing a session does not reach them",
    },
}


def keeps(*, influx: bool) -> list[dict[str, Any]]:
    """Return `{"code", "text": {fr, en}, "until": {fr, en}}` of each kind of thing that is kept."""
    return [*_KEEPS, _INFLUX] if influx else [*_KEEPS]
