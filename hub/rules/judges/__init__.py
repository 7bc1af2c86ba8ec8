"""One judge per kind of rule."""

from collections.abc import Mapping
from typing import Any

from hub.rules import kinds
from hub.rules.judges.base import Bench, Judge
from hub.rules.judges.chains import Chains
from hub.rules.judges.levels import Balances, Bands, Baselines, Limits, States
from hub.rules.judges.windowed import Changes, Flatlines, Forecasts, Rates, Shares
from hub.rules.state import Course

JUDGES: Mapping[type[kinds.Base], type[Judge[Any]]] = {
    kinds.LimitHigh: Limits,
    kinds.LimitLow: Limits,
    kinds.Band: Bands,
    kinds.State: States,
    kinds.Baseline: Baselines,
    kinds.Balance: Balances,
    kinds.Rate: Rates,
    kinds.Change: Changes,
    kinds.Share: Shares,
    kinds.Forecast: Forecasts,
    kinds.Flatline: Flatlines,
    kinds.EveryPeriod: Chains,
}

__all__ = ["JUDGES", "Bench", "Chains", "Judge", "judge"]


def judge(rule: kinds.Written, course: Course, bench: Bench) -> Judge[Any]:
    """Return the judge of a rule."""
    return JUDGES[type(rule)](rule, course, bench)
