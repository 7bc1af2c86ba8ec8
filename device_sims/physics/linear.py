"""The exact step of a linear model of a few states: x' = A·x + b with A and b constant.

    (x(t+Δ), 1) = e^{MΔ}·(x(t), 1),   M = [[A, b], [0, 0]]

e^{MΔ} by scaling and squaring: M·Δ is halved until its norm is below 1/2, where 18 terms of the series leave less
than 1e-21, then squared back. For models whose states cool towards their surroundings the error of the whole stays
below 1e-10 of the largest value. For one or two states the models write the closed form themselves.

Reference: Moler and Van Loan, Nineteen dubious ways to compute the exponential of a matrix, method 3 (2003).
"""

import math
from collections.abc import Sequence

TERMS = 18
Matrix = tuple[tuple[float, ...], ...]


def propagator(rates: Sequence[Sequence[float]], sources: Sequence[float], dt: float) -> Matrix:
    """Return e^{MΔ}, one row a state and one more for the 1; rates A [1/time], sources b [state/time], `dt` Δ."""
    size = len(sources) + 1
    rows = [(*row, source) for row, source in zip(rates, sources, strict=True)]
    scaled = tuple(tuple(value * dt for value in row) for row in (*rows, (0.0,) * size))
    norm = max(sum(abs(value) for value in row) for row in scaled)
    halvings = max(math.ceil(math.log2(norm)) + 1, 0) if norm > 0 else 0
    small = tuple(tuple(math.ldexp(value, -halvings) for value in row) for row in scaled)
    total = _identity(size)
    for term in range(TERMS, 0, -1):  # Horner: I + m/1·(I + m/2·(I + …))
        product = _times(small, total)
        total = tuple(
            tuple(value / term + float(i == j) for j, value in enumerate(row)) for i, row in enumerate(product)
        )
    for _ in range(halvings):
        total = _times(total, total)
    return total


def apply(matrix: Matrix, state: Sequence[float]) -> tuple[float, ...]:
    """Return the state after the step of a propagator."""
    whole = (*state, 1.0)
    return tuple(sum(map(_product, row, whole)) for row in matrix[:-1])


def _identity(size: int) -> Matrix:
    return tuple(tuple(float(i == j) for j in range(size)) for i in range(size))


def _times(left: Matrix, right: Matrix) -> Matrix:
    columns = tuple(zip(*right, strict=True))
    return tuple(tuple(sum(map(_product, row, column)) for column in columns) for row in left)


def _product(left: float, right: float) -> float:
    return left * right
