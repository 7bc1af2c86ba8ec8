"""The vineyard's sentence, and the frame of its row, as use_cases.md §7 writes it."""

from base64 import b64encode
from datetime import datetime

import pytest

from device_sims.devices import _cayenne
from hub import usecases
from hub.model import NS
from hub.rules.case import Seen, View
from hub.rules.wording import HARD, NARROW

NOW = 1_780_000_000 * NS
CASE = usecases.find("vineyard_frost")
assert CASE.sentence is not None
SAY = CASE.sentence


def view(
    *,
    air: float | None = 3.0,
    bud: float = 1.0,
    wet: float = 1.4,
    on: float = 0,
    eta_s: float | None = None,
    ago_s: int = 0,
) -> View:
    """Return what is known at 1:34; `ago_s`: how long the mast has been silent."""
    good = {"air": air, "bud": bud, "wet": wet, "sprinkling": on}
    return View(
        usecase="vineyard_frost",
        run="x",
        now=NOW,
        start=NOW - 3600 * NS,
        devices={},
        measures={
            name: Seen(good=value, good_time=NOW - ago_s * NS, believed=name != "air" or not ago_s)
            for name, value in good.items()
        },
        since={},
        quantities={"get_up": eta_s},
        masked={},
        alarms=(),
        local=datetime(2026, 4, 13, 1, 34),  # noqa: DTZ001 — the place's clock, without zone
    )


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (None, "En attente des premières valeurs du mât et du rang."),
        (view(air=None), "En attente des premières valeurs du mât et du rang."),
        (view(ago_s=1500), "Le mât se tait depuis 25_min_: personne ne sait plus s’il va geler."),
        (view(), "Abri 3,0~°C, bourgeon 1,0~°C, température humide 1,4~°C. Rien à craindre pour l’instant."),
        (
            view(eta_s=7020),
            "Abri 3,0~°C, bourgeon 1,0~°C, température humide 1,4~°C. +0,5~°C humide vers 3_h_31.",
        ),
        (
            view(air=1.3, bud=-0.6, wet=0.4),
            "Abri 1,3~°C, bourgeon −0,6~°C, température humide 0,4~°C. C’est l’heure de protéger.",
        ),
        (
            view(air=0, bud=-0.5, wet=-0.4, on=1),
            "Abri 0,0~°C, bourgeon −0,5~°C, température humide −0,4~°C. On arrose_: la glace tient le bourgeon.",
        ),
        (
            view(air=0, bud=-2.0, wet=-0.4, on=1),
            "Abri 0,0~°C, bourgeon −2,0~°C, température humide −0,4~°C. La pompe dit oui, le bourgeon dit non.",
        ),
    ],
)
def test_the_sentence_says_what_the_night_means(known: View | None, said: str) -> None:
    """From a night without values to a pump without water."""
    assert SAY(CASE, known).text.fr == said.replace("~", NARROW).replace("_", HARD)


def test_the_rows_frame_is_the_documents() -> None:
    """−2.3, −0.7 and 2.1 °C are AWf/6QJn//kDZwAV."""
    fields = {"bud": "temperature_1", "wet_probe": "temperature_2", "air_10m": "temperature_3"}
    records = _cayenne.records(fields, _cayenne.BY_WORD, is_read=True)
    filled = [_cayenne.filled(record, [value]) for record, value in zip(records, (-2.3, -0.7, 2.1), strict=True)]
    assert b64encode(b"".join(each.octets for each in filled)) == b"AWf/6QJn//kDZwAV"
