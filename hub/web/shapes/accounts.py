"""MQTT accounts of devices."""

from hub.accounts import Role
from hub.broker import Kind
from hub.web.shapes.words import Shape, Time, Words
from hub.web.shapes.workshop import QrCode


class AccountNow(Shape):
    """An account, without its password; `session`: the workshop session with which it ends."""

    name: str
    role: Role
    created: Time
    session: str | None


class AccountBroker(Shape):
    """The broker, and what it can hold an account to."""

    kind: Kind
    rights: Words


class AccountList(Shape):
    """The accounts that there are."""

    accounts: list[AccountNow]
    broker: AccountBroker


class AccountGiven(Shape):
    """An account with its password, which is shown this once; `code`: the first address as a QR code.

    `enforced`: false while the broker may still take the password before a renewed one; `warning` says so.
    """

    name: str
    password: str
    role: Role
    session: str | None
    urls: list[str]
    rights: Words
    code: QrCode
    enforced: bool
    warning: Words | None


class AccountRevoked(Shape):
    """An account that is no more; `enforced`: false while the broker may still let it in; `warning` says so."""

    name: str
    revoked: bool
    enforced: bool
    warning: Words | None
