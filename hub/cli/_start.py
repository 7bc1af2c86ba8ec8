"""What `demo` and `run` share: the parts, in order, until somebody ends them."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console

from hub import broker, datafolder, keeper, logs, provisioned, systemd
from hub.asking import asked
from hub.config import Config
from hub.datafolder import Living
from hub.errors import ConfigError
from hub.freeport import free_port
from hub.ingest.session import shown as without_password
from hub.journal import place
from hub.supervisor import Supervisor, module, on_end

LOOPBACK = "127.0.0.1"
ANY = "0.0.0.0"  # noqa: S104 — only with --lan, which asks for it
_HUB = "hub.serving"
UP = 30.0
READY = 60.0
"""What the first hub gets until its page is served [s]: 30 were too few for two workers on two cores at a load of 50;
one that cannot start says so at once."""
HTTPS_PORT, MQTTS_PORT = 8443, 8883
_TELLING = threading.Lock()
FOREIGN_WINDOW = 2000
"""Messages that Mosquitto with the shipped file keeps in flight, at least."""


class Plan(Struct, frozen=True, kw_only=True):
    """What to start.

    Attributes:
        config: settings, options already applied.
        data: data folder; None: a temporary one that goes at the end.
        mode: `demo` trusts the person at this machine, `run` does not.
        lan: open broker and page to the room, with credentials.
        https: serve the page by HTTPS too where the room or the settings want it.
        sim: arguments of the simulators; None: no simulator.
        as_json: one JSON line on standard output instead of words.
        browser: open the page when all is up.
        mosquitto: run an installed Mosquitto instead of the embedded broker.
        workers: hubs, all with one journal on NATS servers.
    """

    config: Config
    data: Path | None
    mode: str
    lan: bool = False
    https: bool = True
    sim: tuple[str, ...] | None = None
    use_case: str = "cold_room"
    as_json: bool = False
    browser: bool = False
    mosquitto: bool = False
    workers: int = 1


def start(plan: Plan) -> int:
    """Start everything, say where it is, and stay until somebody ends it.

    Raises:
        HubError: something does not start; what had started is ended.
    """
    words = Console(stderr=plan.as_json, highlight=False, soft_wrap=True)
    os.umask(0o077)  # what the parts write is the owner's alone, whatever folder was named; the parts inherit it
    os.environ[logs.FORMAT] = plan.config.log_format  # the parts' too
    logs.configure("supervisor")
    plan = replace(plan, mosquitto=plan.mosquitto or not broker.has_wheel())
    _check_policy(plan)
    _check_workers(plan)
    with ExitStack() as stack:
        data = _folder(plan, stack)
        lock = stack.enter_context(datafolder.owned(data))  # before the ports: the same command twice names the first
        port = _open_port(plan.config.web_port, plan.config.web_host)  # chosen once: a restarted hub comes back there
        plan = replace(plan, config=replace(plan.config, web_port=port, https_port=_https_port(plan)))
        place.settle(data, plan.config.journal_url)
        place.refuse_newer(data)
        _upgrade(data, words)
        supervisor = Supervisor()
        on_end(supervisor.stop)
        brokers = stack.enter_context(ExitStack())  # ended last
        others = [_worker(plan, data, number, stack) for number in range(2, plan.workers + 1)]
        stack.callback(supervisor.close, *_order(others))  # what they still say is journalled
        mqtt, file = _broker(plan, data)
        secret = secrets.token_urlsafe(24)
        broker_url = {"HUB_BROKER_URL": mqtt}  # with its password: not for the list of processes
        supervisor.add("hub", module(_HUB), _hub_settings(plan, data, mqtt, file, secret))  # first: it takes longest
        if file is not None:
            broker.start(file)
            brokers.callback(broker.stop, data)
            watched = [data / provisioned.FILE] if plan.lan else []
            rewrite = partial(_write_broker, plan, data, file)
            guard = broker.guard(file, watched=watched, rewrite=rewrite, restarted=partial(_publish, data))
            brokers.callback(guard)
        _add_parts(plan, data, supervisor, broker_url)
        for each in others:
            settings = {**_hub_settings(each.plan, each.folder, mqtt, file, secret), "accounts": str(data)}
            _add_worker(each, supervisor, settings, broker_url)
        ready = supervisor.wait_for("hub", "ready", READY)
        url = f"http://{_own_host(plan)}:{port}/"

        def publish() -> None:
            _publish(data, Living(url=url, pid=os.getpid(), secret=secret, processes=supervisor.pids))

        publish()
        _until_up(plan, url, words)
        publish()
        _say(plan, words, url, mqtt, ready)
        for each in others:
            words.print(f"  Worker {each.suffix[1:]}     http://{_own_host(plan)}:{each.plan.config.web_port}/")
        _open_page(plan, url)
        if not (plan.lan or others):  # the room's accounts, and several hubs, need more than a keeper
            keeper.hand_over(
                supervisor, _for_keeper(plan, data, file, url, secret) | {"words": words.file.fileno()}, lock
            )
        with systemd.watched(lambda: bool(asked(f"{url}health"))):
            supervisor.run(lambda _name, word: publish() if word is None or "restarted" in word else None)
        words.print("Ending …")
    return 0


def _publish(data: Path, told: Living | None = None) -> None:
    """Write run.json with the broker's process as it is now; where nothing is told yet, it will be; for any thread.

    Args:
        data: data folder.
        told: the rest; None: as it was told before.
    """
    with _TELLING:
        told = told or datafolder.living(data)
        state = broker.alive(data)
        if told is not None:
            pids = {} if state is None else {"broker": state.pid}
            datafolder.publish(data, replace(told, processes=told.processes | pids))


def _for_keeper(plan: Plan, data: Path, file: Path | None, url: str, secret: str) -> dict[str, Any]:
    """Return what the keeper is told of a hub that is up."""
    state = broker.alive(data)
    return {
        "data": str(data),
        "url": url,
        "secret": secret,
        "broker": None if state is None else state.pid,
        "file": None if file is None else str(file),
        "order": _order([]),
        "temporary": plan.data is None,
    }


class _Worker(Struct, frozen=True):
    """Another hub on this machine: `suffix` of its parts' names, its folder, and the plan with its own port."""

    suffix: str
    folder: Path
    plan: Plan


def _worker(plan: Plan, data: Path, number: int, stack: ExitStack) -> _Worker:
    """Prepare the folder of worker 2, 3, …; its lock is held until the end.

    Raises:
        HubError: it cannot be used, or its port is taken.
    """
    folder = datafolder.prepare(data / "workers" / f"{number}")
    stack.enter_context(datafolder.owned(folder))
    place.settle(folder, plan.config.journal_url)
    port = _open_port(plan.config.web_port + number - 1, plan.config.web_host)
    config = replace(plan.config, web_port=port, https_port=None)
    return _Worker(f"-{number}", folder, replace(plan, config=config))


def _add_parts(plan: Plan, data: Path, supervisor: Supervisor, broker_url: Mapping[str, str]) -> None:
    """Start the first worker's ingest, and the simulators where they are wanted."""
    supervisor.add("ingest", module("hub.ingest", *_ingest_arguments(plan, data)), environ=_ours(data, broker_url))
    if plan.sim is not None:
        arguments = ("--data", str(data), "--supervised", *plan.sim)
        supervisor.add("sim", module("device_sims", *arguments), environ=broker_url)


def _add_worker(
    worker: _Worker, supervisor: Supervisor, settings: Mapping[str, Any], broker_url: Mapping[str, str]
) -> None:
    """Start another worker's hub and ingest."""
    supervisor.add(f"hub{worker.suffix}", module(_HUB), settings)
    arguments = _ingest_arguments(worker.plan, worker.folder)
    environ = _ours(worker.folder, broker_url)
    supervisor.add(f"ingest{worker.suffix}", module("hub.ingest", *arguments), environ=environ)


def _ours(data: Path, broker_url: Mapping[str, str]) -> dict[str, str]:
    """Return who an ingest is at which broker: who knew either could be it, so the list of processes shows neither."""
    return {**broker_url, "HUB_CLIENT_ID": datafolder.client_id(data)}


def _order(others: Sequence[_Worker]) -> tuple[list[str], list[str]]:
    """Return the parts in the order in which they end."""
    names = ["", *(each.suffix for each in others)]
    return ["sim", *(f"hub{each}" for each in names)], [f"ingest{each}" for each in names]


def _check_workers(plan: Plan) -> None:
    """Refuse several workers without a journal that they share.

    Raises:
        ConfigError: naming what is missing.
    """
    if plan.workers < 1 or (plan.workers > 1 and plan.config.journal_url is None):
        msg = (
            f"--workers {plan.workers}: several workers share a journal on NATS servers;"
            " name them with --journal nats://host:4222,… (README, Beyond one machine), or leave --workers out"
        )
        raise ConfigError(msg)


def _upgrade(data: Path, words: Console) -> None:
    """Have what an older hub wrote copied aside before it is changed; refuse what a newer one wrote.

    Raises:
        HubError: it cannot be used.
    """
    from hub import upgrading  # noqa: PLC0415 — `--help` opens no database

    copies = upgrading.prepare(data, time.time_ns)
    if copies:
        names = ", ".join(each.name for each in copies)
        words.print(f"The data folder is an older version's: {names} copied into {copies[0].parent}, then upgraded.")


def _check_policy(plan: Plan) -> None:
    """Refuse to stop acknowledging towards a broker that would then lose messages without a word.

    Raises:
        ConfigError: naming the setting and what to do.
    """
    embedded = plan.config.broker_url is None and not plan.mosquitto
    if embedded and plan.config.journal_full == "stop_acknowledging":
        msg = (
            "journal_full is 'stop_acknowledging': the embedded broker keeps 64 MB in memory and then drops the oldest "
            "without a word; write drop_oldest, or use Mosquitto (--broker mosquitto, or HUB_BROKER_URL)"
        )
        raise ConfigError(msg)


def _folder(plan: Plan, stack: ExitStack) -> Path:
    if plan.data is not None:
        return datafolder.prepare(plan.data)
    folder = tempfile.mkdtemp(prefix="matinales-")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder).resolve()


def _broker(plan: Plan, data: Path) -> tuple[str, Path | None]:
    """Return the broker's address and the file to start it with, just written; None: it runs elsewhere."""
    config = plan.config
    if config.broker_url is not None:
        return config.broker_url, None
    living = broker.alive(data)
    port = config.mqtt_port or (living.port if living is not None else free_port())
    user, password = (provisioned.EVERYBODYS, datafolder.kept(data, "mqtt-password", 12)) if plan.lan else (None, None)
    path = data / ("broker.conf" if plan.mosquitto else "broker.toml")
    if plan.lan and config.https_port is not None:
        _renew_certificate(data)
    _write_broker(plan, data, path, port)
    login = f"{user}:{quote(password or '', safe='')}@" if user else ""
    return f"mqtt://{login}{LOOPBACK}:{port}", path


def _write_broker(plan: Plan, data: Path, path: Path, port: int | None = None) -> None:
    """Write the broker's file: open to the room only with names and passwords, and by TLS where the page is too.

    Args:
        plan: what is started.
        data: data folder.
        path: the file.
        port: None: the one it has.
    """
    where = broker.address(path)[1] if port is None else port
    if not plan.lan:
        broker.write_config(path, listen=LOOPBACK, port=where)
        return
    password = datafolder.kept(data, "mqtt-password", 12)
    secure = _tls(plan, data, path)
    accounts = provisioned.listed(data)
    broker.write_config(
        path, listen=ANY, port=where, user=provisioned.EVERYBODYS, password=password, accounts=accounts, tls=secure
    )
    if plan.mosquitto:
        provisioned.hashed_only(data)


def _tls(plan: Plan, data: Path, path: Path) -> broker.Tls | None:
    """Return where the broker listens by TLS, with the page's certificate: one authority for both."""
    if plan.config.https_port is None or not _certificate(data).exists():
        return None
    known = broker.tls_of(path) if broker.alive(data) is not None else None
    if known is not None:
        return broker.Tls(known.port, _certificate(data))
    try:
        return broker.Tls(_open_port(MQTTS_PORT if plan.config.mqtt_port else 0, ANY), _certificate(data))
    except ConfigError:
        return broker.Tls(free_port(ANY), _certificate(data))


def _certificate(data: Path) -> Path:
    from hub.lan.keeper import FOLDER, SERVER  # noqa: PLC0415 — only where the room may come in

    return data / FOLDER / SERVER


def _renew_certificate(data: Path) -> None:
    """See to it that there is a certificate before two processes would make one."""
    from hub.addresses import interfaces, of_room, outward  # noqa: PLC0415 — only where the room may come in
    from hub.lan.keeper import Keeper  # noqa: PLC0415 — likewise

    with contextlib.suppress(OSError, ConfigError):  # the hub tells it, as a fault of HTTPS
        Keeper(data).renew(each.address for each in of_room(interfaces(), outward()))


def _ingest_arguments(plan: Plan, data: Path) -> list[str]:
    config = plan.config
    arguments = ["--data", str(data), "--serial", config.serial, "--full", config.journal_full]
    if config.journal_budget_mb is not None:
        arguments += ["--budget", str(config.journal_budget_mb * 1_000_000)]
    if plan.mosquitto or config.broker_url is not None:
        arguments += ["--topics", config.topics, "--window", str(FOREIGN_WINDOW)]
    return [*arguments, *broker.arguments(_kind(plan))]


def _kind(plan: Plan) -> broker.Kind:
    if plan.config.broker_url is not None:
        return "foreign"
    return "mosquitto" if plan.mosquitto else "embedded"


def _hub_settings(plan: Plan, data: Path, mqtt: str, file: Path | None, secret: str) -> Mapping[str, Any]:
    return {
        "data": str(data),
        "mode": plan.mode,
        "lan": plan.lan,
        "secret": secret,
        "mqtt": mqtt,
        "broker": _kind(plan),
        "mqtts": secure.port if file is not None and (secure := broker.tls_of(file)) is not None else None,
        "use_case": plan.use_case,
        "config": msgspec.to_builtins(plan.config),
    }


def _own_host(plan: Plan) -> str:
    """Return how programs on this machine reach the page; people may have another address (`public_url`)."""
    if plan.config.web_host in {ANY, "::", LOOPBACK}:
        return LOOPBACK
    return plan.config.web_host


def _until_up(plan: Plan, url: str, words: Console) -> None:
    """Wait for broker, simulators and their history; a broker that is away is told, not waited for."""
    deadline = time.monotonic() + (UP if plan.sim is not None else 5.0)
    while time.monotonic() < deadline:
        health = asked(f"{url}health")
        broker_is_there = health.get("parts", {}).get("broker", {}).get("status") == "ok"
        counters = health.get("counters", {})
        story = {} if plan.sim is None else asked(f"{url}api/v1/scenario")
        playing = plan.sim is None or (counters.get("devices") and "run" in story)
        ready = (
            counters.get("journal_behind") == 0 or story.get("state") == "preparing"
        )  # a month: the page shows how far
        if broker_is_there and playing and ready:
            return
        time.sleep(0.05)
    words.print("[yellow]Not everything answers yet; the page says when it does.[/]")


def _say(plan: Plan, words: Console, url: str, mqtt: str, ready: Mapping[str, Any]) -> None:
    """Print the addresses, once."""
    room = ready.get("room", [])
    facilitator = f"{room[0] if room else url}facilitator#code={ready['code']}" if plan.lan else f"{url}facilitator"
    page = plan.config.public_url or (room[0] if room else url)
    if plan.mode == "run":
        mqtt = without_password(mqtt)  # a service's words are kept in a log
    shown = {
        "page": url,
        "mqtt": mqtt if not plan.lan or not room else mqtt.replace(LOOPBACK, str(urlsplit(room[0]).hostname)),
        "facilitator": facilitator,
        "pin": ready.get("pin") if plan.lan else None,
    }
    if plan.as_json:
        print(json.dumps(shown), flush=True)  # noqa: T201 — the one line a program reads
        return
    words.print(f"\n  Page         [bold]{page}[/]")
    words.print(f"  Devices      {shown['mqtt']}")
    if plan.lan:
        words.print(f"  Facilitator  {facilitator}   (opens once, within 60 s; afterwards the PIN)")
        words.print(f"  PIN          [bold]{shown['pin']}[/]")
        _qr(page)
        for secure in ready.get("secure", [])[:1]:
            words.print(f"  HTTPS        {secure}   (for phones' sensors; {page}secure explains it)")
    words.print("\n  Ctrl-C ends it.\n")


def _open_page(plan: Plan, url: str) -> None:
    if plan.browser:
        import webbrowser  # noqa: PLC0415 — only here

        webbrowser.open(url)


def _qr(address: str) -> None:
    import segno  # noqa: PLC0415 — only when something is shown to phones

    segno.make(address).terminal(out=sys.stdout, compact=True, border=2)


def _https_port(plan: Plan) -> int | None:
    """Return where the page is served by HTTPS, chosen once; None: nowhere.

    Raises:
        ConfigError: the settings want a port that is taken.
    """
    config = plan.config
    if not plan.https or (config.https_port is None and not plan.lan):
        return None
    if config.https_port is not None:
        return _open_port(config.https_port, config.web_host, "https_port")
    try:
        return _open_port(HTTPS_PORT if config.web_port else 0, config.web_host, "https_port")
    except ConfigError:
        return free_port(config.web_host)


def _open_port(port: int, host: str, setting: str = "--port") -> int:
    """Return a port that the page can use: the one asked for, or any free one for 0.

    Raises:
        ConfigError: it is taken; the message says what to type.
    """
    if port == 0:
        return free_port(host)
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            msg = f"port {port} of the page cannot be used ({error.strerror}); choose another: {setting} 0 picks one"
            raise ConfigError(msg) from None
        found: int = probe.getsockname()[1]
        return found
