"""What waits is told, tried again, given up (hub/notify/notifier.py), by a real web address and a real mail server."""

import asyncio
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.certificate import self_signed
from hub.live import Live
from hub.model import NS, Alarm
from hub.notify.notifier import Notifier, Tell
from hub.notify.retry import MOST_TRIES
from hub.notify.ways import NotToldError, Post, Smtp
from hub.notify.wishes import MAIL, WEB, Mailbox
from hub.notify.words import Context, mail, posted
from hub.rules.flood import Flood, flood
from hub.rules.wording import Text
from hub.serving import AUTHORITIES
from hub.store.alarms import Step, Transition
from hub.store.notices import Notice, Said
from servers.mailing import ALARM, Listening, PostOffice, listening, post_office

WALL = 1_800_000_000 * NS


def notice(number: int = 1, *, way: str = WEB, step: Step = Step.RAISED, alarm: Alarm = ALARM, **more: int) -> Notice:
    """Return a notice that is due."""
    said = Said(alarm=alarm, step=Transition(step=step, at=alarm.raised_at, by="Léa", comment="vu"))
    return replace(Notice(id=number, way=way, at=WALL, due=WALL, tries=0, said=said), **more)


class Waiting:
    """An outbox in a list, and a clock that the test moves."""

    def __init__(self, *notices: Notice) -> None:
        """Start with these."""
        self.left = list(notices)
        self.wall = WALL

    async def waiting(self) -> Sequence[Notice]:
        """Return what waits."""
        return list(self.left)

    async def settle(self, done: Collection[int], again: Mapping[int, int]) -> None:
        """Change it."""
        self.left = [
            replace(each, tries=each.tries + 1, due=again[each.id]) if each.id in again else each
            for each in self.left
            if each.id not in done
        ]

    def notifier(self, tell: Tell, way: str = WEB, floods: Sequence[Flood] = ()) -> Notifier:
        """Return a notifier with one way."""
        return Notifier(
            outbox=self,
            ways={way: tell},
            flood_at=lambda _: floods[0] if floods else None,
            wall=lambda: self.wall,
            chance=lambda: 1.0,
        )


def by_web(server: Listening, secret: str | None = "hush", token: str | None = "to-ken") -> Tell:
    """Return how a notice is posted there."""
    post = Post(server.url, secret=secret, token=token, wall=lambda: WALL)
    live = Live(wall=lambda: WALL)

    async def tell(each: Notice, group: Flood | None) -> None:
        sentence = None if group is None else group.sentence(lambda _: Text("sonde", "probe"))
        await post.send(each.key, posted(each, live.alarm_view(each.said.alarm), group, sentence))

    return tell


async def test_a_step_is_posted_with_its_key_token_and_signature() -> None:
    """A receiver knows who sent it, when, and whether it had it before."""
    async with listening() as server:
        box = Waiting(notice())
        await box.notifier(by_web(server)).step()
    assert box.left == []
    ((headers, body),) = server.heard
    assert headers["Idempotency-Key"] == "cold_room.air_high-real-1/raised-1000"
    assert headers["Authorization"] == "Bearer to-ken"
    signed = f"{WALL // NS}.".encode() + body
    assert headers["X-Matinales-Signature"] == "sha256=" + hmac.new(b"hush", signed, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["step"], told["by"], told["comment"], told["flood"]) == ("raised", "Léa", "vu", None)
    assert (told["alarm"]["rule"], told["alarm"]["texts"]["fr"]) == ("air_high", "chaud")


async def test_without_secret_nothing_is_signed() -> None:
    """A local listener needs none."""
    async with listening() as server:
        await Waiting(notice()).notifier(by_web(server, None, None)).step()
    assert not {"Authorization", "X-Matinales-Signature"} & server.heard[0][0].keys()


@pytest.mark.parametrize("trusted", ["served.pem", "nobodys.pem"])
async def test_by_https_only_who_shows_a_trusted_certificate_is_told(
    trusted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the machine's certificate authorities have it, though the hub does without them while it starts."""
    for name, pem in zip(("served.pem", "key.pem"), self_signed(["127.0.0.1"], datetime.now(UTC)), strict=True):
        (tmp_path / name).write_bytes(pem)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(tmp_path / "served.pem", tmp_path / "key.pem")
    monkeypatch.setenv(AUTHORITIES, str(tmp_path / trusted))
    async with listening(served) as server:
        await Waiting(notice()).notifier(by_web(server)).step()
    assert len(server.heard) == (trusted == "served.pem")


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_may_work_later_is_tried_again_in_order(status: int) -> None:
    """The others wait behind it; the same key each time; the trouble is told until it works."""
    async with listening() as server:
        server.answers = [status]
        box = Waiting(notice(1), notice(2, step=Step.RETURNED))
        notifier = box.notifier(by_web(server))
        wait = await notifier.step()
        assert wait == pytest.approx(5.0)
        assert [each.tries for each in box.left] == [1, 0]
        assert notifier.trouble() == (WEB, f"answered {status}")
        await notifier.step()
        assert len(server.heard) == 1
        box.wall += 5 * NS
        await notifier.step()
    assert [json.loads(body)["step"] for _, body in server.heard] == ["raised", "raised", "returned"]
    assert server.heard[0][0]["Idempotency-Key"] == server.heard[1][0]["Idempotency-Key"]
    assert (box.left, notifier.trouble()) == ([], None)
    assert notifier.counters()["notices_told_total"] == 2


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410])
async def test_what_never_works_is_given_up_and_said_for_an_hour(status: int) -> None:
    """Moved, or wrong as it is: trying again changes nothing, and what follows has its own chance."""
    async with listening() as server:
        server.answers = [status]
        box = Waiting(notice(1), notice(2, step=Step.RETURNED))
        notifier = box.notifier(by_web(server))
        await notifier.step()
    assert (box.left, len(server.heard)) == ([], 2)
    assert notifier.counters()["notices_lost_total"] == 1
    assert notifier.trouble() == (WEB, f"answered {status}")
    box.wall += 3601 * NS
    assert notifier.trouble() is None


async def test_it_is_given_up_in_the_end() -> None:
    """Somebody who is away for hours is not told of an alarm of then."""

    async def tell(_notice: Notice, _flood: Flood | None) -> None:
        msg = "nobody there"
        raise NotToldError(msg)

    box = Waiting(notice())
    notifier = box.notifier(tell)
    for tried in range(1, MOST_TRIES + 1):
        assert bool(box.left) is (tried <= MOST_TRIES)
        await notifier.step()
        box.wall += 900 * NS
    assert box.left == []
    assert (notifier.failed, notifier.lost) == (MOST_TRIES, 1)


async def test_nobody_there_is_said_in_words() -> None:
    """A closed port is no crash."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        post = Post(f"http://127.0.0.1:{closed.getsockname()[1]}/", secret=None, token=None, wall=lambda: WALL)
        with pytest.raises(NotToldError, match="onnect") as caught:
            await post.send("k", b"{}")
    assert not caught.value.is_final


async def test_a_flood_is_told_once() -> None:
    """With the alarm that made it one; those that follow are counted, in the journal, and told by nobody."""
    alarms = [replace(ALARM, id=f"a{n}", raised_at=n * NS) for n in range(14)]
    group = flood(alarms, 20 * NS, is_silence=lambda _: True)
    async with listening() as server:
        box = Waiting(*(notice(n, alarm=each) for n, each in enumerate(alarms[9:])))
        notifier = box.notifier(by_web(server), floods=[] if group is None else [group])
        await notifier.step()
    told = [json.loads(body) for _, body in server.heard]
    assert [each["alarm"]["id"] for each in told] == ["a9", "a10"]
    assert (told[1]["flood"]["count"], told[1]["flood"]["cause"]) == (14, "silent_device")
    assert told[1]["flood"]["text"]["en"].startswith("14 alarms in a row")
    assert (box.left, notifier.grouped) == ([], 3)


async def test_what_a_setting_no_longer_names_waits_for_nobody() -> None:
    """The address was taken out of hub.toml while a notice waited."""
    box = Waiting(notice(way=MAIL))
    await Notifier(outbox=box, ways={}, flood_at=lambda _: None, wall=lambda: WALL).step()
    assert box.left == []


# --- mail

CONTEXT = Context(
    usecase=Text("Chambre froide", "Cold room"),
    rule=Text("Air trop chaud", "Air too warm"),
    device="Sonde",
    raised=datetime(2026, 11, 27, 9, 0, tzinfo=UTC),
    source=Text("arrêté du 21/12/2009", "order of 21/12/2009"),
    page="http://hub.example/",
)


def box_at(server: PostOffice) -> Mailbox:
    """Return how to write there."""
    people = ("a@example.org", "b@example.org")
    return Mailbox(
        host="127.0.0.1", port=server.port, is_wrapped=False, user="", sender="hub@example.org", people=people
    )


def written(server: PostOffice, each: Notice, lang: str = "fr") -> EmailMessage:
    """Return the mail about a notice."""
    return mail(each, box_at(server), lang, CONTEXT, datetime(2026, 11, 27, 9, 1, tzinfo=UTC))


def by_mail(server: PostOffice) -> Tell:
    """Return how a notice is mailed there."""
    smtp = Smtp(box_at(server), None)

    async def tell(each: Notice, _group: Flood | None) -> None:
        await smtp.send(written(server, each))

    return tell


async def test_a_mail_says_what_where_since_when_and_by_which_text() -> None:
    """In the hub's language, to everybody, with nothing that a mailbox answers by itself."""
    async with post_office() as server:
        box = Waiting(notice(way=MAIL))
        await box.notifier(by_mail(server), MAIL).step()
    (got,) = server.mails
    assert server.people == ["a@example.org", "b@example.org"]
    assert got["Subject"] == "[haute] Alarme – Chambre froide – chaud"
    assert (got["To"], got["Auto-Submitted"]) == ("a@example.org, b@example.org", "auto-generated")
    text = got.get_content()
    for line in ("Règle : Air trop chaud", "Référence : arrêté du 21/12/2009", "Appareil : Sonde", "Page : http://hub"):
        assert line in text.replace("\u00a0", " ")


def test_a_mail_of_a_simulation_says_so_and_one_of_an_end_how_long_it_lasted() -> None:
    """Nobody drives to a bakery that is not there, nor reads "act now" of what is over."""
    over = replace(ALARM, run="cold_room-1", returned_at=ALARM.raised_at + 150 * NS)
    made = written(PostOffice(), notice(way=MAIL, step=Step.RETURNED, alarm=over), "en")
    assert made["Subject"] == "[high, simulation] Back to normal – Cold room – Air too warm"
    assert "The alarm said: “warm”" in made.get_content()
    assert "Lasted: 2" in made.get_content()


def test_the_same_step_has_the_same_message_id_and_a_text_ends_no_header() -> None:
    """Told twice after a kill, a mailbox shows one; a device's name adds no recipient."""
    evil = replace(ALARM, texts={"fr": "chaud\r\nBcc: x@evil.example"})
    first, again = (written(PostOffice(), notice(way=MAIL, alarm=evil, tries=tries)) for tries in (0, 3))
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Bcc"] is None
    assert first["Subject"].endswith("chaud Bcc: x@evil.example")


@pytest.mark.parametrize(("said", "is_final"), [("450 busy", False), ("550 unknown", True)])
async def test_a_mail_server_that_refuses_is_believed(said: str, *, is_final: bool) -> None:
    """4xx: later; 5xx: never."""
    async with post_office() as server:
        server.refuses = [said, said]
        box = Waiting(notice(way=MAIL))
        notifier = box.notifier(by_mail(server), MAIL)
        await notifier.step()
        assert server.mails == []
    assert (box.left == []) is is_final
    trouble = notifier.trouble()
    assert trouble is not None
    assert f"a@example.org: {said[:3]}" in trouble[1]


async def test_a_password_never_travels_in_the_open() -> None:
    """A server that cannot do TLS is not logged in to."""
    async with post_office() as server:
        smtp = Smtp(replace(box_at(server), user="ann"), "pass-word")
        with pytest.raises(NotToldError, match="STARTTLS"):
            await smtp.send(written(server, notice(way=MAIL)))
    assert server.mails == []


@pytest.mark.parametrize("turns", range(4))
async def test_one_that_is_woken_while_the_hub_stops_ends_with_it(turns: int) -> None:
    """The hub waits for it without end: an alarm of that very moment must not make it go on."""

    async def tell(_: Notice, __: Flood | None) -> None:
        """Tell nobody."""

    notifier = Waiting().notifier(tell)
    running = asyncio.create_task(notifier.run())
    for _ in range(5):  # until it waits
        await asyncio.sleep(0)
    notifier.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=0.5)
    ended = running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ended
