"""Who is told of which step (hub/notify/wishes.py), and what a slip in the settings says."""

import pytest
from msgspec.structs import replace

from hub.config import Config, load
from hub.errors import ConfigError
from hub.model import NS, Alarm
from hub.notify.wishes import MAIL, WEB, Mailbox, Wishes
from hub.store.alarms import Step, Transition
from servers.mailing import ALARM

BOX = Mailbox(host="h", port=587, is_wrapped=False, user="", sender="a@b", people=("c@d",))
BOTH = Wishes(url="http://127.0.0.1/x", mailbox=BOX)


def step(which: Step) -> Transition:
    """Return a step."""
    return Transition(step=which, at=NS)


@pytest.mark.parametrize(
    ("which", "ways"),
    [
        (Step.RAISED, (WEB, MAIL)),
        (Step.RETURNED, (WEB, MAIL)),
        (Step.ACKNOWLEDGED, (WEB,)),
        (Step.SHELVED, (WEB,)),
        (Step.UNSHELVED, (WEB,)),
    ],
)
def test_a_program_hears_every_step_people_what_begins_and_ends(which: Step, ways: tuple[str, ...]) -> None:
    """A mail for each acknowledgement would be noise."""
    assert BOTH.ways(ALARM, step(which)) == ways


def test_nobody_named_nobody_told() -> None:
    """Without settings nothing is kept for anybody."""
    assert Wishes().ways(ALARM, step(Step.RAISED)) == ()
    assert Config().wishes == Wishes()


@pytest.mark.parametrize(
    "alarm",
    [
        replace(ALARM, past=True),
        replace(ALARM, priority="medium"),
        replace(ALARM, run="cold_room-20261124t080000-aa01"),
        replace(ALARM, shelved_until=9 * NS),
    ],
    ids=["back-fill", "not urgent", "simulation", "set aside"],
)
def test_what_is_not_live_or_not_wanted_is_not_told(alarm: Alarm) -> None:
    """Back-fill and what was set aside never; a simulation and small things by setting."""
    assert BOTH.ways(alarm, step(Step.RAISED)) == ()


def test_a_simulation_is_told_by_setting_a_replay_never() -> None:
    """What a recording plays happened long ago."""
    wishes = replace(BOTH, simulated=True, least="low")
    run = "cold_room-20261124t080000-aa01"
    assert wishes.ways(replace(ALARM, run=run, priority="low"), step(Step.RAISED)) == (WEB, MAIL)
    assert wishes.ways(replace(ALARM, run="replay-20261124t080000-aa01"), step(Step.RAISED)) == ()


MAIL_SET = {"HUB_MAIL_FROM": "hub@example.org", "HUB_MAIL_TO": "a@example.org, b@example.org"}


def test_the_settings_name_who_is_told() -> None:
    """By file or variable; secrets are shown to nobody."""
    config = load(
        environ={
            **MAIL_SET,
            "HUB_MAIL_URL": "smtps://ann@mail.example.org",
            "HUB_MAIL_PASSWORD": "pass-word",
            "HUB_NOTIFY_URL": "https://example.org/alarms",
            "HUB_NOTIFY_SECRET": "hush-hush",
            "HUB_NOTIFY_TOKEN": "to-ken",
            "HUB_NOTIFY_FROM": "low",
            "HUB_NOTIFY_SIMULATED": "on",
            "HUB_SIREN": "tasmota:buzzer/power",
        }
    )
    box = Mailbox(
        host="mail.example.org",
        port=465,
        is_wrapped=True,
        user="ann",
        sender="hub@example.org",
        people=("a@example.org", "b@example.org"),
    )
    assert config.wishes == Wishes(
        least="low",
        simulated=True,
        url="https://example.org/alarms",
        mailbox=box,
        siren=("tasmota:buzzer", "power"),
    )
    assert not any(secret in repr(config) for secret in ("pass-word", "hush-hush", "to-ken"))


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HUB_NOTIFY_URL": "example.org"}, r"notify_url is 'example.org': write for instance https"),
        ({"HUB_NOTIFY_URL": "http://a:b@h/"}, "a token goes apart"),
        ({"HUB_NOTIFY_URL": "http://h:port/"}, "notify_url is 'http://h:port/'"),
        ({"HUB_NOTIFY_FROM": "loud"}, "HUB_NOTIFY_FROM: notify_from is 'loud'"),
        ({"HUB_MAIL_URL": "smtp://h"}, "mail_from is not set"),
        (MAIL_SET, "mail_url is not set"),
        (MAIL_SET | {"HUB_MAIL_URL": "http://h"}, "mail_url: write smtp://"),
        (MAIL_SET | {"HUB_MAIL_URL": "smtp://u:secret@h"}, "the password goes to mail_password"),
        (
            MAIL_SET | {"HUB_MAIL_URL": "smtp://h", "HUB_MAIL_TO": "Ann <a@h>"},
            "mail_to is 'Ann <a@h>': write an address",
        ),
        (MAIL_SET | {"HUB_MAIL_URL": "smtp://h", "HUB_MAIL_FROM": "a@h\nBcc: b@h"}, "mail_from is"),
        ({"HUB_SIREN": "buzzer"}, "siren is 'buzzer': write device/channel"),
    ],
)
def test_a_slip_in_the_settings_is_named(environ: dict[str, str], said: str) -> None:
    """With what to write instead, and without the secret."""
    with pytest.raises(ConfigError, match=said) as caught:
        load(environ=environ)
    assert "secret" not in str(caught.value)
