"""`matinales usecases`: the stories the hub can tell, and whether they hold together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hub.cli import _roles
from hub.driverkit.writing import checkout, new_title, write
from hub.errors import NotFoundError
from hub.rules.kinds import Rule
from hub.usecasekit.sketch import Plan, as_package, in_hub, new_name
from hub.usecases.describe import describe, limit_of
from hub.usecases.loader import find, folders, load
from hub.usecases.money import worth
from hub.usecases.schema import UseCase

command = App(
    name="usecases",
    help="List, show, check and begin use cases; say who plays in them.",
    result_action="return_value",
)
_roles.add_to(command)
Json = Annotated[bool, Parameter(negative="")]


@command.command(name="list")
def list_(*, json: Json = False) -> int:
    """List the use cases.

    Args:
        json: print them as a program reads them.
    """
    found = [load(folder, name) for name, folder in folders().items()]
    if json:
        _print_json({"usecases": [{"name": each.name, "title": each.title.as_dict} for each in found]})
        return 0
    table = Table("name", "français", "English", "rules", box=None, header_style="bold")
    for each in found:
        table.add_row(each.name, each.title.fr, each.title.en, str(len(each.all_rules)))
    Console().print(table)
    return 0


@command.command
def show(name: str, *, lang: str = "fr", json: Json = False) -> int:
    """Show a use case: story, roles, rules, money.

    Args:
        name: its name.
        lang: fr or en.
        json: print what the API gives of it.
    """
    usecase = find(name)
    if json:
        _print_json(describe(usecase, None))
        return 0
    console = Console()
    for line in _lines(usecase, "en" if lang == "en" else "fr"):
        console.print(line)
    return 0


@command.command
def check(path: Path | None = None, *, json: Json = False) -> int:
    """Check a use case's folder, or all of them: 0 when they hold together, 1 when not.

    Args:
        path: folder with a usecase.toml, or the name of a use case; all of them unless told.
        json: print the findings as a program reads them.
    """
    known = folders()
    # one just written lies in the checkout that one stands in, whatever installed hub answers here
    places = [] if path is None else [each for each in (path, Path("hub", "usecases") / path) if each.is_dir()]
    named = known if path is None else {each.name: each for each in places[:1]}
    if path is not None and not named:
        if str(path) not in known:
            msg = f"{path}: no such folder, and no use case of that name; known: {', '.join(known)}"
            raise NotFoundError(msg)
        named = {str(path): known[str(path)]}
    from hub.cli._stories import problems  # noqa: PLC0415 — only `check` needs drivers and simulators

    found = {name: list(problems(folder, name)) for name, folder in named.items()}
    if json:
        _print_json({"usecases": [{"name": name, "problems": wrong} for name, wrong in found.items()]})
    else:
        _report(found)
    return 1 if any(found.values()) else 0


@command.command
def new(name: str, *, package: Path | None = None, fr: str | None = None, en: str | None = None) -> int:
    """Write a first use case that holds together and plays at once: story, scenario, README; no Python to write.

    Args:
        name: its permanent name, snake_case, as bread_oven.
        package: folder of a package of its own; without it the checkout of the hub you stand in.
        fr: its title in French.
        en: its title in English.
    """
    new_name(name, folders())
    plain = name.replace("_", " ").capitalize()
    plan = Plan(name=name, fr=fr or en or plain, en=en or fr or plain)
    for title in (plan.fr, plan.en):
        new_title(title)
    if package is None:
        root, made, tried = checkout(Path()), in_hub(plan), name
    else:
        root, made, tried = package, as_package(plan), str(package / "src" / plan.module)
    console = Console(soft_wrap=True)
    for path in write(root, made):
        console.print(f"wrote {escape(str(path))}", highlight=False)
    console.print(f"next: matinales usecases check {escape(tried)}", highlight=False)
    return 0


def _report(found: dict[str, list[str]]) -> None:
    console = Console(soft_wrap=True)
    for name, wrong in found.items():
        console.print(f"[red]✗[/] {escape(name)}" if wrong else f"[green]✓[/] {escape(name)}")
        for each in wrong:
            console.print(f"  {escape(each)}", highlight=False)


def _lines(usecase: UseCase, lang: str) -> Iterator[str | Table]:
    def say(text: object) -> str:
        return escape(str(getattr(text, lang)))

    yield f"[bold]{say(usecase.title)}[/] · {usecase.name}"
    yield say(usecase.story)
    roles = Table("role", "", "device", "measures", box=None, header_style="bold")
    for name, role in usecase.roles.items():
        measures = [key for key, each in usecase.measures.items() if each.role == name]
        roles.add_row(say(role.title), say(role.kind), role.device, ", ".join(measures))
    yield roles
    rules = Table("rule", "", "limit", "delay", "priority", box=None, header_style="bold")
    for rule in usecase.all_rules:
        rules.add_row(rule.id, say(rule.title), _limit(usecase, rule), f"{rule.on_delay_s:g} s", rule.priority)
    yield rules
    for card in usecase.money:
        yield f"{say(card.title)}: {card.formula} = {worth(card):.0f} {say(card.unit)}"
    yield from (f"– {escape(line)}" for line in getattr(usecase.limits_to_say, lang))


def _limit(usecase: UseCase, rule: Rule) -> str:
    figure, unit = limit_of(usecase, rule)
    return "" if figure is None else f"{figure:g} {unit or ''}"


def _print_json(value: object) -> None:
    print(msgspec.json.encode(value).decode())  # noqa: T201 — the terminal is the interface
