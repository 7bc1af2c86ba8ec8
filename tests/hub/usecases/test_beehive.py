"""The hive's sentence and money, and the frame of its scale, as use_cases.md §6 writes them."""

from base64 import b64encode
from datetime import datetime

import pytest

from device_sims.devices import _cayenne
from hub import usecases
from hub.model import NS
from hub.rules.case import Seen, View
from hub.rules.wording import HARD, NARROW

NOW = 1_780_000_000 * NS
CASE = usecases.find("beehive")
assert CASE.sentence is not None
SAY = CASE.sentence


def view(
    weight: float | None = 41.3, *, gain: float | None = None, hour: int = 14, ago_s: int = 0, masked: bool = False
) -> View:
    """Return what is known at an hour; `ago_s`: how long the scale has been silent."""
    return View(
        usecase="beehive",
        run="x",
        now=NOW,
        start=NOW - 3600 * NS,
        devices={},
        measures={
            "weight": Seen(good=weight, good_time=NOW - ago_s * NS, believed=not ago_s),
            "gain": Seen(good=gain, believed=gain is not None),
        },
        since={},
        quantities={},
        masked={"theft": NOW} if masked else {},
        alarms=(),
        local=datetime(2026, 5, 12, hour),  # noqa: DTZ001 — the place's clock, without zone
    )


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (None, "En attente de la première valeur de la balance."),
        (view(None), "En attente de la première valeur de la balance."),
        (view(ago_s=2400), "La balance se tait depuis 40_min_: sa dernière valeur, 41,3_kg, ne prouve plus rien."),
        (view(), "41,3_kg maintenant. Petite journée, rien à faire."),
        (view(gain=2.3), "41,3_kg maintenant, +2,3_kg d’un soir à l’autre. La colonie travaille."),
        (view(gain=2.3, hour=22), "41,3_kg ce soir, +2,3_kg depuis hier. La colonie travaille."),
        (view(gain=-0.2), "41,3_kg maintenant, −0,2_kg d’un soir à l’autre. Petite journée, rien à faire."),
        (
            view(gain=2.3, masked=True),
            "41,3_kg maintenant, +2,3_kg d’un soir à l’autre. Visite annoncée_: rien ne sonne.",
        ),
    ],
)
def test_the_sentence_says_what_the_weight_means(known: View | None, said: str) -> None:
    """From a scale without values to a visit."""
    assert SAY(CASE, known).text.fr == said.replace("~", NARROW).replace("_", HARD)


def test_the_scales_frame_is_the_documents() -> None:
    """37.52 kg and 34.6 °C are AQIOqAJnAVo=."""
    fields = {"weight": "analogInput.1", "brood_temp": "temperatureSensor.2"}
    records = _cayenne.records(fields, _cayenne.BY_OTHER, is_read=True)
    filled = [_cayenne.filled(record, [value]) for record, value in zip(records, (37.52, 34.6), strict=True)]
    assert b64encode(b"".join(each.octets for each in filled)) == b"AQIOqAJnAVo="
