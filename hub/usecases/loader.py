"""Finds use cases, reads their files and refuses what does not hold together, naming the place."""

import ast
import importlib
import importlib.util
import operator
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from hub.errors import ConfigError, NotFoundError
from hub.rules import kinds
from hub.rules.wording import placeholders
from hub.source import run_file
from hub.units import conversion
from hub.usecases.schema import Card, Document, UseCase

FILE = "usecase.toml"
HERE = Path(__file__).parent
ENTRY_POINT = "matinales.usecases"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WORDS = {"value", "limit", "since", "eta", "place", "measure", "age"}
_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def folders() -> dict[str, Path]:
    """Return the folders of all use cases by name: the hub's own, and those of other packages by entry point.

    An entry point of group `matinales.usecases` names a package whose folder holds usecase.toml.
    """
    found = {path.parent.name: path.parent for path in sorted(HERE.glob(f"*/{FILE}"))}
    for entry in entry_points(group=ENTRY_POINT):
        spec = importlib.util.find_spec(entry.value)
        if spec is not None and spec.origin is not None:
            found[entry.name] = Path(spec.origin).parent
    return found


def names() -> list[str]:
    """Return the names of all use cases."""
    return list(folders())


def find(name: str) -> UseCase:
    """Return a use case by its name.

    Raises:
        NotFoundError: no such use case.
        ConfigError: its file is wrong.
    """
    known = folders()
    if name not in known:
        msg = f"no use case {name!r}; known: {', '.join(known)}"
        raise NotFoundError(msg)
    return load(known[name], name)


def load_all() -> dict[str, UseCase]:
    """Return all use cases by name.

    Raises:
        ConfigError: naming the file and the place.
    """
    return {name: load(folder, name) for name, folder in folders().items()}


def load(folder: Path, name: str | None = None) -> UseCase:
    """Read the use case of a folder.

    Raises:
        ConfigError: naming the file, the table, the key and the remedy.
    """
    document = _document(folder / FILE)
    module = _module(folder)
    usecase = UseCase(
        **{key: getattr(document, key) for key in document.__struct_fields__},
        name=folder.name if name is None else name,
        functions={} if module is None else dict(getattr(module, "FUNCTIONS", {})),
        sentence=None if module is None else getattr(module, "sentence", None),
    )
    wrong = next(problems(usecase), None)
    if wrong is not None:
        msg = f"{folder / FILE}: {wrong}"
        raise ConfigError(msg)
    return usecase


def _document(path: Path) -> Document:
    try:
        text = path.read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), Document)
    except FileNotFoundError:
        msg = f"{path}: no such file; a use case is a folder with a {FILE}"
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); check its permissions"
    except UnicodeDecodeError as error:
        msg = f"{path}: is not UTF-8 text at byte {error.start}; save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        msg = f"{path}: is not valid TOML: {error}"
    except msgspec.ValidationError as error:
        msg = f"{path}: {_place(str(error))}"
    raise ConfigError(msg) from None


def _place(message: str) -> str:
    """Turn msgspec's "Expected `float`, got `str` - at `$.rules[0].limit`" into "rules[0].limit: expected …"."""
    said, _, place = message.partition(" - at `$")
    where = place.rstrip("`").lstrip(".") or "the file"
    return f"{where}: {said[0].lower()}{said[1:]}"


def _module(folder: Path) -> ModuleType | None:
    path = folder / "rules.py"
    if not path.exists():
        return None
    if folder.parent == HERE:
        return importlib.import_module(f"hub.usecases.{folder.name}.rules")
    try:
        return run_file(path, f"matinales_usecase_{folder.name}")
    except Exception as error:
        msg = f"{path}: fails when imported: {type(error).__name__}: {error}"
        raise ConfigError(msg) from error


def problems(usecase: UseCase) -> Iterator[str]:
    """Yield what does not hold together, each with its table and key."""
    if not _NAME.fullmatch(usecase.name):
        yield f"the folder's name {usecase.name!r} is no snake_case name"
    yield from _measure_problems(usecase)
    for index, rule in enumerate(usecase.rules):
        yield from (f"rules[{index}] ({rule.id}): {wrong}" for wrong in _rule_problems(usecase, rule))
    ids = [rule.id for rule in usecase.all_rules]
    yield from (f"rules: the id {name!r} is there twice" for name in {name for name in ids if ids.count(name) > 1})
    for index, panel in enumerate(usecase.panels):
        yield from (f"panels[{index}]: {wrong}" for wrong in _unknown(panel.series, usecase.measures, "measure"))
        limits = [rule.id for rule in usecase.rules if isinstance(rule, kinds.LimitHigh | kinds.LimitLow)]
        yield from (f"panels[{index}]: {wrong}" for wrong in _unknown(panel.limits, limits, "rule with a limit"))
    for card in usecase.money:
        yield from (f"money ({card.id}): {wrong}" for wrong in _card_problems(card))


def _unknown(wanted: Any, known: Any, what: str) -> Iterator[str]:  # noqa: ANN401 — any collections of names
    yield from (f"there is no {what} {name!r}; known: {', '.join(known)}" for name in wanted if name not in known)


def _measure_problems(usecase: UseCase) -> Iterator[str]:
    for name, measure in usecase.measures.items():
        if not _NAME.fullmatch(name):
            yield f"measures.{name}: is no snake_case name"
        if measure.role not in usecase.roles:
            yield f"measures.{name}.role: there is no role {measure.role!r}; known: {', '.join(usecase.roles)}"
        if measure.unit is not None and conversion(measure.unit) is None:
            yield f"measures.{name}.unit: {measure.unit!r} is no unit the hub knows"


def _rule_problems(usecase: UseCase, rule: kinds.Written) -> Iterator[str]:
    if not _NAME.fullmatch(rule.id):
        yield "id is no snake_case name"
    yield from _unknown(sorted({rule.measure} | kinds.watches(rule)), usecase.measures, "measure")
    for name in sorted(placeholders(rule.say) - _WORDS - usecase.measures.keys()):
        yield f"say: {{{name}}} is no measure and none of {', '.join(sorted(_WORDS))}"
    if isinstance(rule, kinds.Forecast) and rule.function not in usecase.functions:
        yield f"function: rules.py has no {rule.function!r} in FUNCTIONS"
    if isinstance(rule, kinds.State):
        for condition in rule.conditions:
            given = [condition.above, condition.below, condition.equals]
            if sum(value is not None for value in given) != 1:
                yield f"conditions ({condition.measure}): give one of above, below, equals"


def _card_problems(card: Card) -> Iterator[str]:
    try:
        worth(card)
    except (ValueError, SyntaxError, ZeroDivisionError) as error:
        yield f"formula: {error}"
    for each in card.hypotheses:
        if not each.low <= each.value <= each.high:
            yield f"hypothesis {each.id}: {each.value:g} is not within {each.low:g} … {each.high:g}"


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


def channel_problems(usecase: UseCase, families: Mapping[str, Mapping[str, str | None]]) -> Iterator[str]:
    """Yield the roles and measures that no driver can serve.

    Args:
        usecase: the use case.
        families: family → base name of a channel → its unit in the hub.
    """
    for name, role in usecase.roles.items():
        if role.family not in families:
            yield f"roles.{name}.family: no driver makes {role.family!r}; known: {', '.join(sorted(families))}"
    for name, measure in usecase.measures.items():
        channels = families.get(usecase.roles[measure.role].family)
        if channels is None:
            continue
        base = max((c for c in channels if f"{measure.channel}_".startswith(f"{c}_")), key=len, default=None)
        if base is None:
            yield f"measures.{name}.channel: family {usecase.roles[measure.role].family} gives no {measure.channel!r}"
            continue
        wanted = None if measure.unit is None else conversion(measure.unit)
        if (None if wanted is None else wanted.unit.value) != channels[base]:
            yield f"measures.{name}.unit: {measure.unit!r} cannot be made from {channels[base]!r}, the channel's"
