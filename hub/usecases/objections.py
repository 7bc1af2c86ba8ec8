"""Why a real device cannot play a role as it was asked to, in French and English."""

from hub.errors import ObjectionError
from hub.rules.wording import Text


def objection(code: str, said: Text, **params: str) -> ObjectionError:
    """Return the error that says so; `code` is `role_` and a word."""
    return ObjectionError(f"role_{code}", params, fr=said.fr, en=said.en)


def no_measure(role: str, given: str, named: str) -> ObjectionError:
    """Return that a role does not measure what was named."""
    said = Text(
        f"channels : « {role} » ne mesure pas « {named} » ; il mesure {given}.",
        f"channels: “{role}” measures no “{named}”; it measures {given}",
    )
    return objection("measure", said, role=role, named=named)


def no_channel(measure: str, device: str, gives: Text, named: str) -> ObjectionError:
    """Return that a device gives no number of that name."""
    said = Text(
        f"channels.{measure} : {device} ne donne aucun nombre appelé « {named} » ; {gives.fr}.",
        f"channels.{measure}: {device} gives no number called “{named}”; {gives.en}",
    )
    return objection("channel", said, device=device, named=named)


def no_channels(device: str, gives: Text, wanted: str) -> ObjectionError:
    """Return that no channel was named for any measure."""
    said = Text(
        f"channels : nommez ce que {device} donne pour {wanted} (une mesure au moins) ; {gives.fr}.",
        f"channels: name a channel of {device} for at least one of {wanted}; {gives.en}",
    )
    return objection("none", said, device=device)


def another_unit(subject: str, unit: str | None, shown: str | None, gives: Text) -> ObjectionError:
    """Return that a channel's unit never converts into that of the measure."""
    of = Text("sans unité", "in no unit") if unit is None else Text(f"en {unit}", f"in {unit}")
    to = Text("un nombre sans unité", "a number without unit") if shown is None else Text(f"en {shown}", shown)
    said = Text(
        f"{subject} est {of.fr}, jamais {to.fr} ; {gives.fr} : choisissez-en un autre.",
        f"{subject} is {of.en}, never {to.en}; {gives.en}: choose another",
    )
    return objection("unit", said, subject=subject)


def useless(role: str, wanted: Text, device: str, gives: Text) -> ObjectionError:
    """Return that a device gives nothing that a role measures."""
    said = Text(
        f"{device} ne peut pas tenir le rôle « {role} » : {gives.fr}, il faut {wanted.fr}.",
        f"{device} cannot be “{role}”: {gives.en}, and {wanted.en} is needed",
    )
    return objection("useless", said, device=device, role=role)
