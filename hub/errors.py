"""Every error the hub raises, grouped by who must act.

HubError
├── ConfigError    the operator edits a file or an option; the hub does not start
├── UsageError     the caller asks otherwise; the message names the argument and the remedy
│   ├── NotFoundError   what was named does not exist
│   └── ToldError       it cannot be so; told in the reader's language, for the page
│       └── ObjectionError  with a word for the reason and what the sentence speaks of
├── PayloadError   nobody at once: counted, shown with its reason, acknowledged
│   ├── ForeignPayloadError   another family's message on a topic of this shape: the next driver is asked
│   └── DriverFaultError   a driver of another package failed: the message stays in the journal for it
├── JournalError   the broker keeps the message: not written, so not acknowledged
└── StoreError     the hub retries: the reader's cursor stands still
    └── BusyError       another worker changed the same: who asked looks, and asks again
"""

from collections.abc import Mapping
from typing import NoReturn


class HubError(Exception):
    """Anything that goes wrong in the hub's own words."""


class ConfigError(HubError):
    """A setting is unusable; the message names the setting, the value and the remedy."""


class UsageError(HubError):
    """A request cannot be carried out as it was made; the message names what to change."""


class NotFoundError(UsageError):
    """The thing named does not exist; the message names the place to look."""


class ToldError(UsageError):
    """A request that people make on the page, and why it cannot be so, in French and English.

    Attributes:
        texts: language → the sentence with the remedy; the English one is the error's own.
    """

    def __init__(self, en: str, fr: str) -> None:
        """Say why."""
        super().__init__(en)
        self.texts = {"fr": fr, "en": en}

    @classmethod
    def refuse(cls, en: str, fr: str) -> NoReturn:
        """Say why it cannot be so, with what to change.

        Raises:
            ToldError: that.
        """
        raise cls(en, fr)


class ObjectionError(ToldError):
    """One that programs read too.

    Attributes:
        code: a word for the reason.
        params: what the sentence speaks of.
    """

    def __init__(self, code: str, params: Mapping[str, str], *, fr: str, en: str) -> None:
        """Object for a reason."""
        super().__init__(en, fr)
        self.code = code
        self.params = params


class PayloadError(HubError):
    """A message cannot be understood.

    The text is the reason in plain words, shown to people as it stands.

    Attributes:
        asks: (topic, payload) that would make its sender say what is missing (`Decoded.asks`).
        context: what the driver remembers of the message all the same; None: as before.
    """

    def __init__(self, reason: str, *, asks: tuple[tuple[str, bytes], ...] = (), context: object = None) -> None:
        """Refuse for a reason."""
        super().__init__(reason)
        self.asks = asks
        self.context = context


class ForeignPayloadError(PayloadError):
    """A driver's topic by its shape, but not its payload; the text is the reason where no other driver takes it."""


class DriverFaultError(PayloadError):
    """A driver of another package failed, or is off; the text names it, what it did, and the remedy."""


class JournalError(HubError):
    """The journal could not write or read; nothing of the batch was acknowledged."""


class StoreError(HubError):
    """The store could not write or read; the cursor stands still until it can."""


class BusyError(StoreError):
    """Another worker changed the same at the same moment; nothing was changed, and it may be tried again at once."""
