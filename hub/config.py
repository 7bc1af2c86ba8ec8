"""One frozen Config from hub.toml and HUB_* variables; a mistake is named with its place."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from hub.errors import ConfigError
from hub.ingest.ports import wanted
from hub.ingest.webhook import downlinks
from hub.notify.wishes import Wishes, mailbox, siren, web_address

SECRETS = frozenset({"influx_token", "mail_password", "notify_secret", "notify_token"})
"""Settings that are shown to nobody."""
MOST_DAYS = 36_500
_BUCKET = re.compile(r"[^\W_][\w .-]{0,99}")


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting, with its default. In hub.toml by these names, in the environment as HUB_<NAME>.

    Attributes:
        broker_url: `mqtt://user:password@host:port`; unset: the embedded broker.
        ask: whether devices are asked to speak at first sight; unset: only on the embedded broker.
        commands: whether real devices may be commanded, and told how often to report; unset: only on the embedded
            broker.
        topics: filters wanted, comma-separated.
        mqtt_port: port of the embedded broker.
        data_dir: data folder; unset: the platform's user-data folder.
        web_host, web_port: where the page listens.
        https_port: where it listens by HTTPS too, with certificates of its own (`hub.lan.keeper`); 0: any free port;
            unset: 8443, or a free port, where a demo is open to the room; else nowhere.
        public_url, allowed_hosts: how people reach it behind a proxy or in a container.
        personal: whether families about a person's whereabouts (OwnTracks) are kept.
        payload_formats: device (uid, `eui:…`, or `*` for every other one) → how its own bytes are read
            (`cayenne-lpp`), or `fahrenheit` for one that states °F without saying so (Shelly Gen1);
            a table in hub.toml, `device=format, device=format` in the environment.
        pin_file: file with the facilitator's PIN (`run` only).
        tz: zone of device times without offset, and of the page.
        lang: language of the terminal.
        store: where history lives.
        raw_days: how long store.db keeps every reading [days]; 0: for ever.
        history_days: how long it then keeps the lowest, highest and last reading of each five minutes; 0: for ever.
        minute_days, hour_days: how long it keeps what each minute and each hour came to; 0: for ever.
        run_days: how long it keeps a simulation or a replay after its last beat; 0: for ever.
        influx_url, influx_org, influx_bucket, influx_token: of InfluxDB 2, when that is the store.
        journal_url: `nats://[user:password@]host:port,…[/name]`: where the journal lies (with the extra `cluster`);
            unset: in the data folder.
        journal_budget_mb: disk that the journal may take [MB]; unset: 2,000, or a fifth of the free space if less.
        journal_full: what happens then: the oldest messages go, or what comes is not acknowledged. The second needs
            a broker that keeps it: Mosquitto, or another one.
        serial: `auto`: whatever looks like USB serial; `off`; or ports to read, `/dev/ttyUSB0@9600,COM3`.
        sigfox_downlink: what a Sigfox device that asks is answered, `4D5E6F=0102030405060708,*=…` (8 bytes in hex).
        notify_from: the least priority of which anybody is told beside the page.
        notify_simulated: whether a simulation's alarms are told too; a replay's never are.
        notify_url: where each step of an alarm is posted as JSON; unset: nowhere.
        notify_secret, notify_token: sign what is posted (HMAC-SHA256); sent as `Authorization: Bearer`.
        mail_url: `smtp://user@host:587` (STARTTLS wherever there is a user) or `smtps://user@host:465`.
        mail_password, mail_from, mail_to: of that server; who writes, to whom (commas between).
        log_format: how every process writes its log to standard error: `plain`, or `json`, one object a line.
        siren: `device/channel` that is set to 1 while an alarm rings, and to 0 after it.
    """

    broker_url: str | None = None
    ask: Literal["on", "off"] | None = None
    commands: Literal["on", "off"] | None = None
    topics: str = "#"
    mqtt_port: int = 1883
    data_dir: str | None = None
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    https_port: int | None = None
    public_url: str | None = None
    allowed_hosts: str = ""
    personal: Literal["on", "off"] = "off"
    payload_formats: dict[str, str] = {}
    pin_file: str | None = None
    tz: str = "Europe/Paris"
    lang: Literal["fr", "en"] = "fr"
    store: Literal["sqlite", "influx"] = "sqlite"
    raw_days: int = 90
    history_days: int = 0
    minute_days: int = 400
    hour_days: int = 0
    run_days: int = 30
    influx_url: str | None = None
    influx_token: str | None = None
    influx_org: str | None = None
    influx_bucket: str | None = None
    journal_url: str | None = None
    journal_budget_mb: int | None = None
    journal_full: Literal["drop_oldest", "stop_acknowledging"] = "drop_oldest"
    serial: str = "auto"
    sigfox_downlink: str = ""
    notify_from: Literal["critical", "high", "medium", "low"] = "high"
    notify_simulated: Literal["on", "off"] = "off"
    notify_url: str | None = None
    notify_secret: str | None = None
    notify_token: str | None = None
    mail_url: str | None = None
    mail_password: str | None = None
    mail_from: str = ""
    mail_to: str = ""
    log_format: Literal["plain", "json"] = "plain"
    siren: str = ""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show every setting, and of a secret only that it is there."""
        values = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(name, "***" if name in SECRETS and value else value) for name, value in values]

    def __repr__(self) -> str:
        """Show every setting, and of a secret only that it is there."""
        return f"Config({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    @property
    def asks(self) -> bool:
        """Whether devices are asked to speak: on the embedded broker unless told otherwise."""
        return (self.broker_url is None) if self.ask is None else self.ask == "on"

    @property
    def commands_real(self) -> bool:
        """Whether real devices may be commanded: on somebody else's broker only with the operator's consent."""
        return (self.broker_url is None) if self.commands is None else self.commands == "on"

    @property
    def filters(self) -> tuple[str, ...]:
        """The topic filters wanted, without `$share/<group>/`: what of them is shared out is the broker's business."""
        wanted = (each.strip() for each in self.topics.split(",") if each.strip())
        return tuple(each.split("/", 2)[-1] if each.startswith("$share/") else each for each in wanted) or ("#",)

    @property
    def wishes(self) -> Wishes:
        """Who is told of alarms.

        Raises:
            ValueError: naming the setting and what it should be.
        """
        return Wishes(
            least=self.notify_from,
            simulated=self.notify_simulated == "on",
            url=None if self.notify_url is None else web_address("notify_url", self.notify_url),
            mailbox=mailbox(self.mail_url, self.mail_from, self.mail_to),
            siren=siren(self.siren),
        )

    @property
    def zone(self) -> ZoneInfo:
        """The zone of local times."""
        return ZoneInfo(self.tz)


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read hub.toml (when given) and HUB_* variables, which win; HUB_<NAME>_FILE names a file that holds the value.

    Raises:
        ConfigError: naming the file or variable, the setting, the value and what it should be.
    """
    environ = os.environ if environ is None else environ
    settings = _from_file(path) if path is not None else {}
    config = _convert(settings, f"{path}") if settings else Config()
    for name, field in _fields().items():
        variable = f"HUB_{name.upper()}"
        text = environ.get(variable) or _from_secret(environ, f"{variable}_FILE")
        if text is not None:
            value = _one(field, text, variable, name)
            config = msgspec.structs.replace(config, **{name: value})
    _check(config)
    return config


def _from_secret(environ: Mapping[str, str], variable: str) -> str | None:
    """Return the line in the file that a variable names, so that a secret stands in no list of processes."""
    path = environ.get(variable)
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{variable} {path}: cannot be read ({error}); write the value into it, one line"
        raise ConfigError(msg) from error


def changed(config: Config, **options: object) -> Config:
    """Return the settings with options of the command line in their places; an option that is None changes nothing.

    Raises:
        ConfigError: naming the setting, the value and what it should be.
    """
    config = msgspec.structs.replace(config, **{name: value for name, value in options.items() if value is not None})
    _check(config)
    return config


def _fields() -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(Config)}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"{path}: no such file; give the path of your hub.toml to --config"
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); check its permissions"
        raise ConfigError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: is not UTF-8 text at byte {error.start}; save it as UTF-8"
        raise ConfigError(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{path}: is not valid TOML: {error}"
        raise ConfigError(msg) from error


def _convert(settings: dict[str, Any], place: str) -> Config:
    unknown = sorted(settings.keys() - _fields().keys())
    if unknown:
        msg = f"{place}: unknown setting {unknown[0]!r}; known: {', '.join(_fields())}"
        raise ConfigError(msg)
    values = {name: _one(_fields()[name], value, place, name) for name, value in settings.items()}
    return Config(**values)


def _one(kind: Any, value: object, place: str, name: str) -> Any:  # noqa: ANN401 — each setting has its own type
    if kind == dict[str, str] and isinstance(value, str):
        value = _table(value, place)
    try:
        return msgspec.convert(value, kind, strict=not isinstance(value, str))
    except msgspec.ValidationError as error:
        shown = "***" if name in SECRETS else value
        choices = [word for some in (kind, *get_args(kind)) if get_origin(some) is Literal for word in get_args(some)]
        why = f"write {' or '.join(choices)}" if choices else f"{str(error)[0].lower()}{str(error)[1:]}"
        msg = f"{place}: {name} is {shown!r}: {why}"
        raise ConfigError(msg) from None


def _table(text: str, place: str) -> dict[str, str]:
    """Return `name=value, name=value` as a table; a name may hold `=`, a value not."""
    table = {}
    for each in text.split(","):
        name, equals, value = each.rpartition("=")
        if not (equals and name.strip() and value.strip()):
            msg = f"{place}: {each.strip()!r} is not name=value; write for instance tts:app1:cold-room=cayenne-lpp"
            raise ConfigError(msg)
        table[name.strip()] = value.strip()
    return table


def _check(config: Config) -> None:
    wanted(config.serial)
    _check_speech(config)
    if config.journal_url is not None:
        from hub.journal.nats_link import Url  # noqa: PLC0415 — only where NATS is spoken of

        Url.parsed(config.journal_url)
    for name in ("mqtt_port", "web_port", "https_port"):
        port = getattr(config, name) or 0
        if not 0 <= port <= 65_535:  # noqa: PLR2004 — the largest TCP port
            msg = f"{name} is {port}: a port lies between 0 and 65535 (0: any free one)"
            raise ConfigError(msg)
    for name in ("raw_days", "history_days", "minute_days", "hour_days", "run_days"):
        days = getattr(config, name)
        if not 0 <= days <= MOST_DAYS:
            msg = f"{name} is {days}: give days, 0 for ever"
            raise ConfigError(msg)
    if 0 < config.history_days < config.raw_days:
        msg = f"history_days is {config.history_days}, less than raw_days ({config.raw_days}): what is kept ends once"
        raise ConfigError(msg)
    if config.journal_budget_mb is not None and config.journal_budget_mb < 1:
        msg = f"journal_budget_mb is {config.journal_budget_mb}: give the journal at least 1 MB"
        raise ConfigError(msg)
    try:
        _ = config.zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"tz is {config.tz!r}: not a time zone; write for instance Europe/Paris"
        raise ConfigError(msg) from None
    if config.store == "influx":
        _check_influx(config)


def _check_speech(config: Config) -> None:
    """See that what is said to others, devices and people, can be said."""
    try:
        downlinks(config.sigfox_downlink)
    except ValueError as error:
        msg = f"sigfox_downlink: {error}"
        raise ConfigError(msg) from None
    try:
        _ = config.wishes
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _check_influx(config: Config) -> None:
    """See that InfluxDB is named completely; whether it is there is asked when the hub runs."""
    for name in ("influx_url", "influx_token", "influx_org", "influx_bucket"):
        if not getattr(config, name):
            msg = f"store is 'influx', but {name} is not set; set HUB_{name.upper()}, or {name} in hub.toml"
            raise ConfigError(msg)
    url = urlsplit(config.influx_url or "")
    if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc:
        msg = f"influx_url is {config.influx_url!r}: write for instance http://127.0.0.1:8086 (the token goes apart)"
        raise ConfigError(msg)
    if not _BUCKET.fullmatch(config.influx_bucket or ""):
        msg = f"influx_bucket is {config.influx_bucket!r}: letters, digits, space, '.', '_' and '-', no '_' at first"
        raise ConfigError(msg)
