"""What a person sees while something takes long, on a terminal; nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

T = TypeVar("T")

_err = Console(stderr=True, highlight=False)


@contextmanager
def working(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done while it lasts; nothing when nobody looks."""
    if quiet or not _err.is_terminal:
        yield lambda _: None
        return
    with _err.status("") as status:
        yield status.update


def counted(items: Iterable[T], total: int, *, quiet: bool) -> Iterator[T]:
    """The items, with a bar, a rate and the time left on a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True, disable=quiet or not _err.is_terminal) as progress:
        yield from progress.track(items, total=total)


@contextmanager
def advancing(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int, bool], None]]:
    """A bar with the rate and the time left, moved by whoever calls; on a terminal only.

    Calls say how many more are done, and whether they were before this command began: those do not count for the rate.
    """
    columns = (BarColumn(), MofNCompleteColumn(), _Rate(what), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True, disable=quiet or not _err.is_terminal) as progress:
        bar = progress.add_task("", total=total)

        def advance(more: int, before: bool) -> None:  # noqa: FBT001
            if before:
                progress.update(bar, total=(progress.tasks[0].total or 0) - more)
            else:
                progress.advance(bar, more)

        yield advance


class _Rate(ProgressColumn):
    """So many a second."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} {self._what}/s" if task.speed else f"{self._what}")
