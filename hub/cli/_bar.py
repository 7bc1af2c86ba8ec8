"""A progress bar on the terminal's other channel, so that what a program reads stays clean."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Tell = Callable[[str, int, int], None]
"""What is done, how much of it, how much there is."""


@contextmanager
def bar(*, hidden: bool = False) -> Iterator[Tell]:
    """Lend what shows how far the thing is that is done at the moment."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as progress:
        task, doing = progress.add_task("", total=None), ""

        def tell(what: str, done: int, whole: int) -> None:
            nonlocal doing
            if what != doing:
                doing = what
                progress.reset(task, description=escape(what))
            progress.update(task, completed=done, total=whole)

        yield tell
