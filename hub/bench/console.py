"""From a press on the facilitator's console to its effect on a screen, in a real browser, press by press.

A press counts from the click's own time to the moment after the first frame that shows its effect. Three pages of one
Chromium share the machine with the hub: the console that is pressed, a second facilitator's, and the projector.
`<action>_ms_max` is promised; of a story and of a recording it is the first word of it that is meant (its title, its
notice), and `…_values_ms`, `…_curve_ms` say when its first value and its curve were there.
"""

import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from hub.bench import _browser, _processes
from hub.errors import HubError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EFFECT_MS = 200.0
"""What workshop.md promises of every action."""
STORY = "cold_room"
OTHERS = ("room_co2", "silo", "hot_water")
"""What is told in turn with the first one."""
RECORDED_S = 8.0
"""How long the rehearsal is that is played again."""
PATIENCE_S = 120.0
CALM_S = 1.0
"""Between two presses: the effect of one is no part of the next."""
PRESSED = """
window.pressed = 0;
addEventListener("click", (event) => { window.pressed = performance.timeOrigin + event.timeStamp; }, true);
"""
WATCH = """([name, effect]) => {
    const shows = new Function("return (" + effect + ");");
    window.effects ??= {};
    window.effects[name] = new Promise((resolve) => {
        const look = () => {
            if (!shows()) return void requestAnimationFrame(look);
            const painted = new MessageChannel(); // heard once this frame has been made
            painted.port1.onmessage = () => resolve(performance.timeOrigin + performance.now());
            painted.port2.postMessage(null);
        };
        look();
    });
}"""
"""Notes when something is on the page, whatever else happens before somebody asks for it."""

HAS_VALUES = """[...document.querySelectorAll('main .values data')].some((each) => each.value !== '')"""
COMES = "document.querySelector('[data-coming]') !== null"
PLAYED = "[...document.querySelectorAll('main .mark')].some((each) => /rejoué/i.test(each.textContent))"
HAS_CURVE = """(document.querySelector('main .chart [data-covers]')?.dataset.covers ?? 0) > 60"""


class Press(Struct, frozen=True):
    """Something to press, and what a screen shows then.

    Attributes:
        name: of the figure.
        button: CSS selector, on the console.
        effect: JavaScript that is true once the effect is there.
        on: `projector`, or `second`, the other console: what the room does not see.
    """

    name: str
    button: str
    effect: str
    on: str = "projector"


def _shows(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)}) !== null"


def _gone(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)}) === null"


def _says(selector: str, text: str) -> str:
    return f"(document.querySelector({json.dumps(selector)})?.textContent ?? '').includes({json.dumps(text)})"


def _switch(name: str, button: str) -> tuple[Press, Press]:
    """Return what is switched on and off again, and seen on the other console: no screen of the room tells it."""
    states = (f"{button}[aria-pressed={state}]" for state in ("true", "false"))
    on, off = (Press(name, button, _shows(state), "second") for state in states)
    return on, off


def _scene(name: str) -> tuple[Press, Press]:
    """Return what shows the room's phones on the projector, and what takes them away again."""
    shown = Press(f"{name}_shown", f"[data-shows={name}]", _shows(f"main > .{name}"))
    return shown, Press(f"{name}_away", "[data-shows=story]", _shows("main > .scene"))


_CARD = "section:has(#{}-title) "
_SPEED, _STEP = "[data-speed='{}']", _CARD.format("guide") + "header small"
PRESSES = (
    Press("freeze", "[data-wall=frozen]", _shows("[data-still]")),
    Press("thaw", "[data-wall=frozen]", _gone("[data-still]")),
    *_switch("mute", "[data-wall=muted]"),
    *_switch("hide", "[data-of]:first-child [data-hide]"),
    *_switch("lock", "[data-lock=all]"),
    *_switch("fault", "[data-fault=door_ajar]"),
    Press("step", _CARD.format("guide") + ".turn button:last-child", _says(_STEP, " 2 "), "second"),
    Press("step", _CARD.format("guide") + ".turn button:first-child", _says(_STEP, " 1 "), "second"),
    Press("speed", _SPEED.format(10), _says("main .clock", "×10")),
    Press("speed", _SPEED.format(60), _says("main .clock", "×60")),
    Press("alarms_off", "[data-turn=off]", _shows("main [data-off]")),
    Press("alarms_on", "[data-turn=on]", _gone("main [data-off]")),
    *_scene("join"),
    *_scene("phones"),
    *_scene("tables"),
    Press("vote", _CARD.format("vote") + "form button[type=submit]", _shows("main [data-vote]")),
    Press("vote_closed", _CARD.format("vote") + ".row button.strong", _shows("main .vote > :only-child")),
    Press("vote_away", _CARD.format("vote") + ".row button:last-child", _gone("main [data-vote]")),
    Press("siren", _CARD.format("siren") + "button", _shows(".place .test")),
)
"""What is pressed in each round, in this order."""
_FIRST = ("freeze", "thaw", "mute", "hide", "lock", "fault", "step", "speed", "alarms_off", "alarms_on")
_REST = ("join_shown", "join_away", "phones_shown", "phones_away", "tables_shown", "tables_away")
_LAST = ("vote", "vote_closed", "vote_away", "siren", "story", "plan_b", "plan_b_ended")
GATES = {f"{name}_ms_max": ("<=", EFFECT_MS) for name in (*_FIRST, *_REST, *_LAST)} | {
    "plan_b_values_ms_max": ("<=", 1000.0),
}


def measure(*, rounds: int = 6, only: str = "") -> dict[str, float]:
    """Return how long each press took to show [ms], in the middle and at worst.

    Args:
        rounds: how often each is pressed.
        only: the name of one of them, `story` (every story there is, in each round) and `plan_b` included; empty: all.

    Raises:
        HubError: nothing is called so, or nothing showed.
    """
    names = [*dict.fromkeys(press.name for press in PRESSES), "story", "plan_b"]
    if only and only not in names:
        msg = f"--only {only}: there are {', '.join(names)}"
        raise HubError(msg)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(_processes.demo(folder, "--seed", "7"))
        _rehearse(hub.page)
        room = stack.enter_context(_opened(stack.enter_context(_browser.chromium(light=True)), hub.page))
        told = [each for each in _stories(hub.page) if each != STORY] if only else []
        for number in range(rounds):
            for press in PRESSES:
                if only in {"", press.name}:
                    room.press(press)
            if only in {"", "story"}:
                for usecase in [*(told or [OTHERS[number % len(OTHERS)]]), STORY]:
                    _tell(room, usecase)
            if only in {"", "plan_b"}:
                _again(room)
        return room.figures()


class Room:
    """The pages, and how long [ms] each press took to show on one of them."""

    def __init__(self, pages: "dict[str, Page]") -> None:
        """Take the console, the other facilitator's (`second`) and the `projector`."""
        self.pages = pages
        self._took: dict[str, list[float]] = {}

    def press(self, press: Press, **later: str) -> None:
        """Press, and note when its effect showed.

        Args:
            press: the button and what it does.
            later: what else is waited for on the same page: name of the figure → JavaScript that is then true.

        Raises:
            HubError: nothing showed.
        """
        page, console = self.pages[press.on], self.pages["console"]
        for name, effect in {press.name: press.effect, **later}.items():
            page.evaluate(WATCH, [name, effect])
        console.locator(press.button).first.click()
        for name in (press.name, *later):
            self._took.setdefault(name, []).append(_shown(page, name) - console.evaluate("window.pressed"))
        console.wait_for_timeout(1000 * CALM_S)

    def until(self, effect: str, on: str = "projector") -> None:
        """Wait for what is none of the figures."""
        self.pages[on].wait_for_function(effect, timeout=1000 * PATIENCE_S)

    def figures(self) -> dict[str, float]:
        """Return the middle and the worst of each figure."""
        found: dict[str, float] = {}
        for name, took in self._took.items():
            found |= {f"{name}_ms_p50": statistics.median(took), f"{name}_ms_max": max(took)}
        return found


def _shown(page: "Page", name: str) -> float:
    late = "new Promise((_, fail) => setTimeout(() => fail(new Error('nothing showed')), %d))" % (1000 * PATIENCE_S)  # noqa: UP031 — braces are JavaScript's
    try:
        return float(page.evaluate(f"(name) => Promise.race([window.effects[name], {late}])", name))
    except Exception as error:
        msg = f"{name}: its effect was not seen on {page.url} within {PATIENCE_S:g} s ({error})"
        raise HubError(msg) from error


@contextmanager
def _opened(browser: "Browser", address: str) -> Iterator[Room]:
    """Open the three pages, and on the console everything that hides a button."""
    pages: dict[str, Page] = {}
    for name, path in (("console", "facilitator"), ("second", "facilitator"), ("projector", "projector")):
        size = (1920, 1080) if name == "projector" else (1280, 800)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="fr-FR")
        page = pages[name] = context.new_page()
        page.add_init_script(PRESSED)
        page.goto(address + path)
        page.locator("data[data-device]").first.wait_for(timeout=1000 * PATIENCE_S)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    room = Room(pages)
    room.until(HAS_VALUES)
    pages["console"].wait_for_timeout(6000 * CALM_S)  # the projector learns the other stories
    yield room
    for page in pages.values():
        page.context.close()


def _stories(address: str) -> list[str]:
    return [str(each["name"]) for each in _asked(address, "GET", "usecases")["usecases"]]


def _tell(room: Room, usecase: str) -> None:
    """Let a story be told; its title first, then a value, then a curve."""
    titles = room.pages["console"].locator(f"[data-story={usecase}]").inner_text().strip()
    old = "document.querySelector('main h1').textContent"
    press = Press("story", f"[data-story={usecase}]", _says("main h1", titles))
    title = f"{old}.includes({json.dumps(titles)}) && !({COMES})"
    room.press(press, story_values=f"{title} && {HAS_VALUES}", story_curve=f"{title} && {HAS_CURVE}")
    room.pages["console"].wait_for_timeout(2000 * CALM_S)


def _again(room: Room) -> None:
    """Play the rehearsal again, and stop it."""
    button = "section:has(#session-title) .plan button"
    press = Press("plan_b", button, f"{COMES} || {PLAYED}")
    room.press(press, plan_b_values=f"{PLAYED} && {HAS_VALUES}", plan_b_curve=f"{PLAYED} && {HAS_CURVE}")
    room.press(Press("plan_b_ended", f"{button}.strong", f"{COMES} || !({PLAYED})"), plan_b_gone=f"!({PLAYED})")
    room.until(HAS_VALUES)
    room.pages["console"].wait_for_timeout(2000 * CALM_S)


def _rehearse(address: str) -> None:
    """Record the beginning of a story in a session that is over, and begin the session that the bench is."""
    session = _asked(address, "POST", "sessions", {"title": "Rehearsal"})["id"]
    _asked(address, "PUT", "scenario", {"usecase": STORY, "seed": 7})
    _until("its story runs", lambda: _asked(address, "GET", "scenario")["state"] == "running")
    _asked(address, "PUT", "scenario/speed", {"speed": 60})
    time.sleep(RECORDED_S)
    _asked(address, "POST", f"sessions/{session}/archive")
    _until("its archive is written", lambda: _asked(address, "GET", f"sessions/{session}")["archive"] == "complete")
    _asked(address, "PUT", "tables", {"may_act": False})
    _asked(address, "POST", "sessions", {"title": "The room"})


def _asked(address: str, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 — whatever the API answers
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}api/v1/{path}", data, headers, method=method)  # noqa: S310 — our own hub's
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 — our own hub's
        return json.load(answer)


def _until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait.

    Raises:
        HubError: it never was.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            msg = f"waited {PATIENCE_S:g} s in vain until {what}"
            raise HubError(msg)
        time.sleep(0.1)
