"""The one sentence on the cold room's screen, in every situation it can be in."""

from collections.abc import Mapping
from functools import cache

import pytest
from msgspec.structs import replace

from hub.model import NS, Alarm, Quality
from hub.rules.case import Seen, View
from hub.rules.wording import Text, placeholders
from hub.usecases import UseCase, find
from hub.usecases.checking import problems
from hub.usecases.cold_room.rules import _SAY, FUNCTIONS
from hub.usecases.describe import main_sentence

NOW = 1_763_969_400 * NS
MIN = 60 * NS
HOUR = 3600.0


@cache
def room() -> UseCase:
    """Return the use case, read once."""
    return find("cold_room")


def seen(value: float | None, age_s: float = 4, *, quality: Quality = Quality.GOOD, since_s: float = 600) -> Seen:
    """Return a measure whose last good value is `age_s` old and has been the same for `since_s`."""
    if value is None:
        return Seen()
    time = NOW - int(age_s * NS)
    bad = quality is Quality.BAD
    return Seen(
        value=85.0 if bad else value,
        time=NOW if bad else time,
        quality=quality,
        good=value,
        good_time=time,
        changed=NOW - int(since_s * NS),
        believed=age_s < 600,
    )


def alarm(rule: str) -> Alarm:
    """Return an active alarm of a rule."""
    return Alarm(
        id=f"cold_room.{rule}-x-1",
        usecase="cold_room",
        rule=rule,
        measure="air",
        device="tasmota:coldroom-sim-probe",
        run="x",
        priority="low",
        raised_at=NOW - MIN,
        texts={"fr": "Le compresseur ne démarre pas.", "en": "The compressor does not start."},
    )


def view(
    air: Seen | float = 3.1,
    product: Seen | float = 3.0,
    *,
    above_min: float | None = None,
    eta_s: float | None = None,
    active: tuple[str, ...] = (),
    measures: Mapping[str, Seen] | None = None,
    masked: Mapping[str, int] | None = None,
) -> View:
    """Return what is known: air above its limit for `above_min`, product reaching its own in `eta_s`."""
    since = {} if above_min is None else {"air_high": NOW - int(above_min * MIN)}
    known = {
        "air": air if isinstance(air, Seen) else seen(air),
        "product": product if isinstance(product, Seen) else seen(product),
        "power": seen(0.0),
        "energy": seen(812.0),
        "defrost": seen(0.0),
        "door_open": seen(0.0),
        **(measures or {}),
    }
    return View(
        usecase="cold_room",
        run="x",
        now=NOW,
        start=NOW - 60 * MIN,
        devices={},
        measures=known,
        since=since | {rule: NOW - 12 * MIN for rule in active if rule.startswith("product")},
        quantities={"product_forecast": eta_s, "duty_high": 62.4},
        masked=dict(masked or {}),
        alarms=tuple(alarm(rule) for rule in active),
    )


SITUATIONS: list[tuple[str, View | None, str]] = [
    ("nothing yet", None, "En attente de la première valeur de la sonde."),
    ("a probe announced only", view(seen(None), seen(None)), "En attente de la première valeur de la sonde."),
    ("no product yet", view(3.1, seen(None)), "L’air est à 3,1~°C. En attente de la première valeur du produit."),
    ("calm", view(), "L’air est à 3,1~°C, le produit à 3,0~°C_: rien à faire."),
    (
        "an alarm that no temperature shows yet",
        view(active=("compressor_no_start",)),
        "L’air est à 3,1~°C, le produit à 3,0~°C. Le compresseur ne démarre pas.",
    ),
    ("the thermostat's own peak", view(4.1, above_min=0.5), "L’air est à 4,1~°C, le produit à 3,0~°C_: rien à faire."),
    (
        "the story",
        view(7.2, 3.4, above_min=4, eta_s=114.6 * 60),
        "L’air est à 7,2~°C depuis 4_min, le produit à 3,4~°C_: il reste environ 1_h_50 avant +4~°C.",
    ),
    (
        "nearly too late",
        view(9.0, 3.9, above_min=50, eta_s=200),
        "L’air est à 9,0~°C depuis 50_min, le produit à 3,9~°C_: il reste moins de 5_min avant +4~°C.",
    ),
    (
        "far away",
        view(4.6, 3.0, above_min=20, eta_s=11 * HOUR),
        "L’air est à 4,6~°C depuis 20_min, le produit à 3,0~°C_: il reste plus de 6_h avant +4~°C.",
    ),
    (
        "no end in sight",
        view(5.2, 3.0, above_min=0.3),
        "L’air est à 5,2~°C depuis 18_s, le produit à 3,0~°C_: le produit a encore le temps.",
    ),
    (
        "coming back",
        view(3.8, 3.2, above_min=30, active=("air_high",)),
        "L’air est revenu à 3,8~°C, le produit est à 3,2~°C_: fin de l’alarme sous +3,5~°C.",
    ),
    (
        "product too warm",
        view(12.0, 4.3, above_min=60, eta_s=0, active=("product_high", "air_high")),
        "Le produit est à 4,3~°C, il a passé +4~°C il y a 12_min_: triez, notez, décidez.",
    ),
    (
        "a defrost after the compressor died",
        view(
            9.5,
            3.4,
            above_min=60,
            eta_s=HOUR,
            active=("air_high",),
            measures={"defrost": seen(1.0)},
            masked={"air_high": NOW},
        ),
        "L’air est à 9,5~°C depuis 1_h, le produit à 3,4~°C_: il reste environ 1_h avant +4~°C.",
    ),
    (
        "product probe unplugged",
        view(3.1, seen(3.0, 180)),
        "La sonde du produit se tait depuis 3_min_: sa dernière valeur, 3,0~°C, ne prouve plus rien.",
    ),
    (
        "product probe sends its fault code",
        view(3.1, seen(3.0, 65, quality=Quality.BAD)),
        "La sonde du produit répond par un code de défaut depuis 1_min. Vérifiez son fil.",
    ),
    (
        "air probe sends its fault code",
        view(seen(3.0, 20, quality=Quality.BAD), 3.0),
        "La sonde d’air répond par un code de défaut depuis 20_s. Le produit est à 3,0~°C.",
    ),
    (
        "air probe silent",
        view(seen(3.1, 1200), 3.0),
        "La sonde d’air se tait depuis 20_min_: sa dernière valeur, 3,1~°C, ne prouve plus rien.",
    ),
    (
        "power cut",
        view(seen(3.1, 3600), seen(3.0, 3600)),
        "La sonde se tait depuis 1_h_: personne ne sait plus ce que vaut la chambre froide.",
    ),
    (
        "defrost",
        view(6.1, 3.0, measures={"defrost": seen(1.0, since_s=480)}, masked={"air_high": NOW}),
        "Dégivrage depuis 8_min, c’est normal_: l’air est à 6,1~°C, le produit reste à 3,0~°C.",
    ),
    (
        "defrost with the door open",
        view(9.5, 3.0, measures={"defrost": seen(1.0, since_s=480)}),
        "Dégivrage depuis 8_min_: l’air est à 9,5~°C, plus chaud que d’habitude, le produit à 3,0~°C.",
    ),
    (
        "defrost that does not end",
        view(9.5, 3.0, measures={"defrost": seen(1.0, since_s=2400)}, active=("defrost_long",)),
        "Le dégivrage dure depuis 40_min, d’habitude 20_min. L’air est à 9,5~°C, le produit à 3,0~°C.",
    ),
    (
        "after a defrost",
        view(5.5, 3.1, masked={"air_high": NOW}),
        "Le dégivrage vient de finir_: l’air est à 5,5~°C, le produit à 3,1~°C.",
    ),
    (
        "the door just opened",
        view(3.4, measures={"door_open": seen(1.0, since_s=40)}),
        "La porte est ouverte depuis 40_s_: l’air est à 3,4~°C, le produit à 3,0~°C.",
    ),
    (
        "a strip curtain missing",
        view(active=("duty_high",)),
        "L’air est à 3,1~°C, mais le compresseur tourne 62~% du temps_: joint, rideau, givre~?",
    ),
    (
        "no word of the compressor",
        view(measures={"power": seen(0.0, 1200)}),
        "L’air est à 3,1~°C, le produit à 3,0~°C, mais le compresseur ne donne plus de nouvelles.",
    ),
]


@pytest.mark.parametrize(("known", "said"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS])
def test_the_sentence_says_what_the_numbers_mean(known: View | None, said: str) -> None:
    """Plainly, in two lines at most, with nothing left open."""
    sentence = main_sentence(room(), known)
    assert sentence.text.fr.replace("\u202f", "~").replace("\u00a0", "_") == said
    for words in (sentence.text.fr, sentence.text.en):
        assert "–" not in words
        assert "{" not in words
        assert len(words) < 120


def test_every_sentence_of_the_cold_room_is_seen_in_a_situation() -> None:
    """None is left that nobody ever read."""
    told = {main_sentence(room(), known).code for _, known, _ in SITUATIONS}
    assert told == set(_SAY) - {"waiting_air"}


@pytest.mark.parametrize("code", list(_SAY))
def test_both_languages_use_the_same_values(code: str) -> None:
    """A French number missing in English would be a different story."""
    text = _SAY[code]
    assert {*placeholders(text)} == {*placeholders(type(text)(text.fr, text.fr))}


def test_the_values_travel_with_the_sentence() -> None:
    """For the page, which colours them, and the report."""
    sentence = main_sentence(room(), view(7.2, 3.4, above_min=4, eta_s=114.6 * 60))
    assert sentence.code == "air_high_eta"
    assert sentence.params == {"air": 7.2, "product": 3.4, "since_s": 240, "limit": 4.0, "eta_s": 6600}
    assert sentence.text.en == (
        "Air has been at 7.2\u00a0°C for 4\u00a0min, the product is at 3.4\u00a0°C:"
        " about 1\u00a0h\u00a050\u00a0min left before +4\u00a0°C."
    )


@pytest.mark.parametrize(
    ("air", "product", "minutes"),
    [(7.2, 3.4, 114.6), (4.0, 3.0, None), (3.0, 3.5, None), (12.0, 4.0, 0.0), (12.0, 5.0, 0.0)],
)
def test_time_to_the_limit(air: float, product: float, minutes: float | None) -> None:
    """114.6 min in the document's example; never while the air is not above; none left once it is there."""
    found = FUNCTIONS["time_to_limit"](air=air, product=product, limit=4.0, tau_s=40_000)
    assert (None if found is None else found / 60) == (None if minutes is None else pytest.approx(minutes, abs=0.05))


def test_a_use_case_without_words_of_its_own_says_its_large_values() -> None:
    """The least a new use case gives."""
    plain = replace(room(), sentence=None)
    assert main_sentence(plain, view()).text.fr == "Air\u00a0: 3,1\u202f°C, Produit\u00a0: 3,0\u202f°C"
    assert main_sentence(plain, None).text.en == "Air: –, Product: –"


def test_the_sentence_that_usecase_toml_tells_needs_no_python() -> None:
    """With the values of now, in their units; while one is not known, the large values stand there instead."""
    tells = Text("L'air est à {air}, le produit à {product}.", "Air at {air}, product at {product}.")
    plain = replace(room(), sentence=None, tells=tells)
    told = main_sentence(plain, view())
    assert (told.code, told.params) == ("tells", {"air": 3.1, "product": 3.0})
    assert told.text.en == "Air at 3.1\u00a0°C, product at 3.0\u00a0°C."
    assert main_sentence(plain, None).code == "values"
    (wrong,) = problems(replace(plain, tells=Text("{airr}", "{airr}")))
    assert wrong.startswith("tells: {airr} is no measure")
