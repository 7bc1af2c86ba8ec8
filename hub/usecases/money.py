"""What a money card's formula gives: arithmetic on its hypotheses, nothing else is read or run."""

import ast
import operator
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache

from hub.rules.wording import HARD, Text, number
from hub.usecases.schema import Card, Hypothesis

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SIGNS: Mapping[type[ast.operator], str] = {ast.Add: " + ", ast.Sub: " − ", ast.Mult: " × ", ast.Div: " ÷ "}

_READING = threading.Lock()
"""One thread reads a formula at a time: CPython keeps how deep it is in a syntax tree in one number for all threads,
and two at once may end with SystemError (seen once with 3.11.7; https://github.com/python/cpython/issues/106905)."""


def worth(card: Card, values: Mapping[str, float] | None = None) -> float:
    """Return what a card's formula gives with its hypotheses, or with other `values` of them.

    Raises:
        ValueError: the formula names something else, or is more than + - * / ( ).
    """
    known = {each.id: each.value for each in card.hypotheses} | dict(values or {})

    def of(node: ast.expr) -> float:
        match node:
            case ast.Constant(value=int() | float() as plain) if not isinstance(plain, bool):
                return float(plain)
            case ast.Name(id=name) if name in known:
                return known[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                return _OPERATIONS[type(op)](of(left), of(right))
            case _:
                msg = f"{ast.unparse(node)!r} is neither a hypothesis, a number nor + - * /; known: {', '.join(known)}"
                raise ValueError(msg)

    return of(_parsed(card.formula))


@lru_cache(maxsize=1000)
def _parsed(formula: str) -> ast.expr:
    try:
        with _READING:
            return ast.parse(formula, mode="eval").body
    except SyntaxError as error:
        msg = f"{formula!r} is no formula ({error.msg}); write it with + - * / ( ), numbers and ids of hypotheses"
        raise ValueError(msg) from None


def extent(card: Card, values: Mapping[str, float] | None = None, fixed: frozenset[str] = frozenset()) -> list[float]:
    """Return (lowest, highest) of what the card gives when one hypothesis at a time goes from end to end.

    Args:
        card: the card.
        values: what its hypotheses are now.
        fixed: those that were measured: they do not move.
    """
    known = {each.id: each.value for each in card.hypotheses} | dict(values or {})
    moving = [each for each in card.hypotheses if each.id not in fixed]
    found = [worth(card, known | {each.id: end}) for each in moving for end in (each.low, each.high)]
    return [min(found, default=worth(card, known)), max(found, default=worth(card, known))]


def spelled(card: Card, values: Mapping[str, float] | None = None) -> Text:
    """Return the formula with its numbers and what it gives: "3 000 € × 0,10 par an × 0,80 = 240 €/an"."""
    known = {each.id: each.value for each in card.hypotheses} | dict(values or {})
    stated = {each.id: _stated(each, known[each.id]) for each in card.hypotheses}

    def of(node: ast.expr, *, inner: bool = False) -> Text:
        match node:
            case ast.Name(id=name):
                return stated[name]
            case ast.BinOp(left=left, op=op, right=right):
                weak = isinstance(op, ast.Add | ast.Sub)
                one, other = of(left, inner=not weak), of(right, inner=not weak or isinstance(op, ast.Sub))
                said = Text(*(f"{a}{_SIGNS[type(op)]}{b}" for a, b in ((one.fr, other.fr), (one.en, other.en))))
                return said.each("({})".format) if weak and inner else said
            case _:
                plain = float(ast.literal_eval(node))
                return number(plain, len(f"{plain:.10g}".partition(".")[2]))

    formula, result = of(_parsed(card.formula)), number(worth(card, known), 0)
    return Text(
        f"{formula.fr} = {result.fr}{HARD}{card.unit.fr}",
        f"{formula.en} = {result.en}{HARD}{card.unit.en}",
    )


def _stated(each: Hypothesis, value: float) -> Text:
    """Return a hypothesis as people read it: "3 000 €", "0,10", "80 %"; as web/src/lib/money.ts does."""
    step = len(f"{each.step:.10g}".partition(".")[2])
    if each.unit is None:
        return number(value, max(step, 2))
    digits = number(value, step)
    close = "" if each.unit.en.startswith("%") else HARD
    return Text(f"{digits.fr}{HARD}{each.unit.fr}", f"{digits.en}{close}{each.unit.en}")
