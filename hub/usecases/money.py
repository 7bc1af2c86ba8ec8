"""What a money card's formula gives: arithmetic on its hypotheses, nothing else is read or run."""

import ast
import operator
from collections.abc import Callable, Mapping

from hub.usecases.schema import Card

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


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
                msg = f"{ast.unparse(node)!r} is neither a hypothesis, a number nor + - * /"
                raise ValueError(msg)

    return of(ast.parse(card.formula, mode="eval").body)
