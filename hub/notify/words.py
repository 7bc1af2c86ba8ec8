"""What is told: the JSON posted to a web address, and the mail that people read. Pure."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import msgspec
from msgspec import Struct

from hub.model import NS, REAL, rfc3339
from hub.notify.wishes import Mailbox
from hub.rules.flood import Flood
from hub.rules.wording import Sentence, Text, duration
from hub.store.alarms import Step
from hub.store.notices import Notice

LONGEST_SUBJECT = 120
_STEPS: Mapping[Step, Text] = {
    Step.RAISED: Text("Alarme", "Alarm"),
    Step.RETURNED: Text("Retour à la normale", "Back to normal"),
}
_PRIORITIES = {
    "critical": Text("critique", "critical"),
    "high": Text("haute", "high"),
    "medium": Text("moyenne", "medium"),
    "low": Text("basse", "low"),
}
_SIMULATED = Text("simulation", "simulation")
_IT_SAID = Text("L'alarme disait : « {what} »", "The alarm said: “{what}”")
_LINES: Mapping[str, Text] = {
    "where": Text("Où : {what}", "Where: {what}"),
    "rule": Text("Règle : {what}", "Rule: {what}"),
    "source": Text("Référence : {what}", "Reference: {what}"),
    "device": Text("Appareil : {what}", "Device: {what}"),
    "raised": Text("Déclenchée : {what}", "Raised: {what}"),
    "lasted": Text("A duré : {what}", "Lasted: {what}"),
    "page": Text("Page : {what}", "Page: {what}"),
}


class Context(Struct, frozen=True, kw_only=True):
    """What a mail says beside the alarm.

    Attributes:
        usecase, rule: titles.
        source: the text that the rule names.
        device: what it is called.
        raised: local time.
        page: address of the hub's page; None: nobody said.
        flood: the sentence that stands for all, where this alarm began a flood.
    """

    usecase: Text
    rule: Text
    device: str
    raised: datetime
    source: Text | None = None
    page: str | None = None
    flood: Sentence | None = None


def posted(notice: Notice, alarm: Mapping[str, Any], flood: Flood | None, sentence: Sentence | None) -> bytes:
    """Return a step as JSON: `{"id", "step", "at", "by", "comment", "comments", "alarm", "flood"}`.

    Args:
        notice: the step.
        alarm: as `GET /alarms` gives it.
        flood: that began with this alarm: those that follow are not told one by one; None: it is told for itself.
        sentence: that stands for all of it.
    """
    step = notice.said.step
    group = None
    if flood is not None and sentence is not None:
        ids = [each.id for each in flood.alarms]
        group = {"count": len(ids), "cause": flood.cause, "of": flood.of, "alarms": ids, "text": sentence.text.as_dict}
    return msgspec.json.encode(
        {
            "id": notice.key,
            "step": step.step,
            "at": rfc3339(step.at),
            "by": step.by,
            "comment": step.comment,
            "comments": step.comments or None,
            "alarm": alarm,
            "flood": group,
        }
    )


def signature(secret: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent it, and when (`at`: seconds since 1970).

    The signature is HMAC-SHA256 of `<seconds>.<body>`, as hexadecimal.
    """
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Matinales-Timestamp": f"{at}", "X-Matinales-Signature": f"sha256={digest}"}


def mail(notice: Notice, box: Mailbox, lang: str, context: Context, sent: datetime) -> EmailMessage:
    """Return the mail about a step, in one language; the same step again has the same Message-ID."""
    alarm, step = notice.said.alarm, notice.said.step
    subject = text = _sentence(notice, context, lang)
    if step.step is Step.RETURNED:  # "act now" is over: what stands first is what came back to normal
        subject, text = getattr(context.rule, lang), getattr(_IT_SAID, lang).format(what=text)
    word, priority = getattr(_STEPS[step.step], lang), getattr(_PRIORITIES[alarm.priority], lang)
    marks = [priority, *([getattr(_SIMULATED, lang)] if alarm.run != REAL else [])]
    head = f"[{', '.join(marks)}] {word}"
    message = EmailMessage()
    message["Subject"] = _one_line(f"{head} – {getattr(context.usecase, lang)} – {subject}")[:LONGEST_SUBJECT]
    message["From"] = Address("Matinales Hub", addr_spec=box.sender)
    message["To"] = [Address(addr_spec=each) for each in box.people]
    message["Date"] = format_datetime(sent)
    message["Message-ID"] = f"<{hashlib.sha256(notice.key.encode()).hexdigest()[:32]}@{box.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join([f"{head}", "", text, "", *_facts(notice, context, lang)]) + "\n")
    return message


def _sentence(notice: Notice, context: Context, lang: str) -> str:
    """Return what the alarm says, or what stands for all of a flood."""
    if context.flood is not None:
        return str(getattr(context.flood.text, lang))
    texts = notice.said.alarm.texts
    return texts.get(lang) or next(iter(texts.values()), notice.said.alarm.rule)


def _facts(notice: Notice, context: Context, lang: str) -> list[str]:
    alarm = notice.said.alarm
    lasted = None if alarm.returned_at is None else duration((alarm.returned_at - alarm.raised_at) / NS)
    facts: dict[str, str | None] = {
        "where": getattr(context.usecase, lang),
        "rule": getattr(context.rule, lang),
        "source": None if context.source is None else getattr(context.source, lang),
        "device": context.device,
        "raised": context.raised.strftime("%Y-%m-%d %H:%M:%S %Z"),
        "lasted": None if lasted is None else getattr(lasted, lang),
        "page": context.page,
    }
    told = {name: what for name, what in facts.items() if what}
    return [getattr(_LINES[name], lang).format(what=what) for name, what in told.items()]


def _one_line(text: str) -> str:
    """Return a text without what would end a header (reliability.md §2.15)."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
