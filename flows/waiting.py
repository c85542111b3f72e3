"""What a person sees while something takes long, on a terminal; nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

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
