"""`matinales sim` and `matinales sim-fleet` as a person types them."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from device_sims import playbill
from device_sims.link import Connection, parse_url
from hub.cli import main
from servers.brokers import Broker, running
from servers.ports import free_port, until


@pytest.fixture(scope="module")
def lent() -> Iterator[Broker]:
    """Lend one embedded broker to all."""
    with running("embedded") as broker:
        yield broker


def sim(*arguments: str, command: str = "sim") -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hub", command, *arguments], capture_output=True, text=True, timeout=50, check=False
    )


def test_list_names_scenarios_with_their_initial_states_and_faults() -> None:
    """Name, then French and English titles; of an initial state its clock too."""
    done = sim("--list")
    assert done.returncode == 0
    assert "cold_room\tChambre froide / Cold room" in done.stdout
    assert "  door_open\tPorte grande ouverte / Door wide open" in done.stdout
    assert "  product.sensor_unplugged\t" in done.stdout
    assert "  --initial saturday_night\t23:00\tSamedi, 23 heures / Saturday, 11 p.m." in done.stdout


def test_a_dry_run_prints_topics_and_payloads_and_repeats_itself() -> None:
    """No broker; the same seed gives the same lines; a fault shows at its minute."""
    arguments = (
        "cold_room",
        "--dry-run",
        "--seed",
        "7",
        "--fault",
        "door_open@2",
        "--fault",
        "product.sensor_unplugged@3",
    )
    first, second = sim(*arguments), sim(*arguments)
    assert first.returncode == 0
    assert first.stdout == second.stdout
    lines = [line.split(" ", 1) for line in first.stdout.splitlines() if not line.startswith("#")]
    assert lines[0] == ["tele/coldroom-sim-probe/LWT", "Online"]
    door = [json.loads(payload)["contact"] for topic, payload in lines if topic == "zigbee2mqtt/coldroom-sim-door"]
    assert door == [True, True, False]
    sensors = [json.loads(payload) for topic, payload in lines if topic.endswith("/SENSOR")]
    assert sensors[0]["DS18B20-2"]["Temperature"] == pytest.approx(3.1, abs=0.3)
    assert sensors[-1]["DS18B20-2"]["Temperature"] is None
    assert len(sensors) == 13 * 6 + 1  # ten minutes beyond the last fault


def test_a_dry_run_ends_with_its_time_line_and_the_alarms_to_expect() -> None:
    """Hour, minute of the run, and which rule: the faults asked for, and what the scenario says they raise."""
    done = sim("cold_room", "--dry-run", "--seed", "7", "--minutes", "1", "--fault", "compressor_dead@10")
    lines = [line for line in done.stdout.splitlines() if line.startswith("# ")]
    assert done.stdout.splitlines()[-len(lines) :] == lines
    assert lines[0] == "# 08:30      +0.0 min  the run starts; 24 h of history end here"
    assert lines[1] == "# 08:40     +10.0 min  fault compressor_dead"
    assert "# 08:55     +25.3 min  alarm compressor_no_start is expected, 15.3 min after compressor_dead" in lines
    assert len(lines) == 2 + 5


def test_a_dry_run_without_a_fault_says_what_each_would_raise() -> None:
    """One line for each, an ordinary day included."""
    done = sim("cold_room", "--dry-run", "--minutes", "1")
    assert "# an ordinary day raises [min after its start]: no alarm\n" in done.stdout
    assert "# door_curtain raises [min after its start]: duty_high 83.4\n" in done.stdout


def test_a_dry_run_that_nobody_reads_to_its_end_is_no_error() -> None:
    """`| head` closes the pipe."""
    with subprocess.Popen(
        [sys.executable, "-m", "hub", "sim", "cold_room", "--dry-run", "--minutes", "6000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(40) == 0
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), f"which scenario? known: {', '.join(playbill.names())}"),
        (("warm_room",), f"no scenario 'warm_room'; known: {', '.join(playbill.names())}"),
        (("cold_room", "--speed", "100"), "speed is 100: above 60"),
        (("cold_room", "--speed", "-1"), "speed is -1.0: it lies between 0"),
        (("cold_room", "--fault", "door_open"), "write NAME@MIN"),
        (("cold_room", "--fault", "door_opne@1", "--dry-run"), "no fault 'door_opne'"),
        (("cold_room", "--clock", "8h30", "--dry-run"), "clock is '8h30'"),
        (("cold_room", "--initial", "monday", "--dry-run"), "no initial state 'monday'"),
        (("cold_room", "--broker", "http://x"), "mqtt://"),
    ],
)
def test_a_mistake_ends_with_wrong_usage_and_a_remedy(arguments: tuple[str, ...], reason: str) -> None:
    """Exit status 2, one line."""
    done = sim(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def retained(broker: Broker) -> bytes:
    """Return what a new subscriber hears at once."""

    async def listen() -> list[bytes]:
        heard: list[bytes] = []
        ear = Connection(
            parse_url(broker.url),
            "ear",
            subscribe=("#",),
            on_message=lambda topic, payload, _retained: heard.append(topic.encode() + b" " + payload),
        )
        ear.start()
        await ear.subscribed()
        await asyncio.sleep(0.3)
        await ear.close()
        return heard

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return b"\n".join(runner.run(listen()))


def start(broker: Broker, *arguments: str, module: str = "hub") -> "subprocess.Popen[str]":
    """Start a simulation against a broker."""
    words = ["sim", "cold_room"] if module == "hub" else ["--scenario", "cold_room"]
    return subprocess.Popen(
        [sys.executable, "-m", module, *words, "--broker", broker.url, "--seed", "7", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_simulation_and_clears_the_broker(lent: Broker, how: signal.Signals) -> None:
    """Exit status 0, and nothing retained."""
    with start(lent) as process:
        until("it is announced", lambda: b"matinales/sim/" in retained(lent))
        process.send_signal(how)
        _, words = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "seed 7" in words
    assert retained(lent) == b""


def test_a_supervised_simulation_ends_with_its_stdin(lent: Broker) -> None:
    """As the supervisor ends it, or dies."""
    with start(lent, "--supervised", module="device_sims") as process:
        until("it is announced", lambda: b"matinales/sim/" in retained(lent))
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert retained(lent) == b""


def test_a_supervised_simulation_that_cannot_play_says_why(lent: Broker) -> None:
    """One JSON line for the supervisor."""
    with start(lent, "--supervised", "--speed", "61", module="device_sims") as process:
        words, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "above 60" in json.loads(words)["error"]


def test_clean_takes_off_what_a_crashed_simulation_left_and_spares_the_living(lent: Broker) -> None:
    """Its announcement and its devices' last words; a run that beats is left alone."""
    with start(lent) as crashed:
        until("it is announced", lambda: b"/LWT" in retained(lent))
        crashed.kill()
        crashed.communicate()
    until("its announcement is left", lambda: b"matinales/sim/" in retained(lent))
    done = sim("--clean", "--broker", lent.url)
    assert done.returncode == 0
    assert "cleared tele/coldroom-sim-probe/LWT" in done.stdout
    assert retained(lent) == b""
    with start(lent) as living:
        until("it is announced", lambda: b"/LWT" in retained(lent))
        assert sim("--clean", "--broker", lent.url).stdout == "nothing to clear\n"
        until("it is still announced", lambda: b"matinales/sim/" in retained(lent))
        living.terminate()
        living.communicate(timeout=30)


def test_a_fleet_prints_what_was_acknowledged(lent: Broker) -> None:
    """As JSON for a program."""
    done = sim("--devices", "5", "--rate", "20", "--seconds", "1", "--broker", lent.url, "--json", command="sim-fleet")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert (result["sent"], result["acknowledged"], result["skipped"]) == (100, 100, 0)


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--devices", "0", "devices is 0"),
        ("--rate", "0", "rate 0"),
        ("--connections", "201", "connections is 201"),
        ("--broker", "mqtt://here:x", "mqtt://[user:password@]host:port"),
    ],
)
def test_a_fleet_that_cannot_be_is_wrong_usage(
    option: str, value: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, and what was wrong; 1 is for a fleet that ran and was not heard."""
    assert main(["sim-fleet", "--seconds", "0.1", option, value]) == 2
    assert named in capsys.readouterr().err


def test_a_fleet_without_a_broker_is_a_problem_found() -> None:
    """Exit status 1, and the address."""
    done = sim("--devices", "1", "--seconds", "1", "--broker", f"mqtt://127.0.0.1:{free_port()}", command="sim-fleet")
    assert done.returncode == 1
    assert "mqtt://127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
