"""What a benchmark found: plain records, so that tables, documents and JSON say the same."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One solver on one problem."""

    solver: str
    seconds: float
    """Median CPU seconds of a solve."""
    solves: int
    to_ours: float
    """Multiple of ours, cold."""
    to_floor: float
    """Multiple of one Gram matrix of the window."""
    accuracy: tuple[float, ...]
    """The worst over the rounds, empty for the floor; the case says of what."""
    said: str
    """What the solver itself said of its answer."""
    threaded: bool = False


@dataclass(frozen=True)
class Case:
    """All solvers on one problem, and those who were left out with the reason."""

    title: str
    measures: tuple[str, ...]
    """Headings of the rows' accuracy."""
    rows: tuple[Row, ...]
    absent: dict[str, str]

    def seconds(self, solver: str) -> float:
        """Of one solver; nan when it was left out."""
        return next((row.seconds for row in self.rows if row.solver == solver), float("nan"))

    def accuracy(self, solver: str, measure: str) -> float:
        """Of one solver; nan when it was left out."""
        place = self.measures.index(measure)
        return next((row.accuracy[place] for row in self.rows if row.solver == solver), float("nan"))


@dataclass(frozen=True)
class Target:
    """A promise and what was measured."""

    promise: str
    measured: float
    limit: float
    at_least: bool

    @property
    def verdict(self) -> str:
        """``met``, ``NOT met``, or ``not measured`` when a peer was absent."""
        if self.measured != self.measured:
            return "not measured"
        met = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        return "met" if met else "NOT met"


@dataclass(frozen=True)
class Table:
    """A heading and lines of text cells, for results that are not a race."""

    title: str
    heading: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Curve:
    """CPU seconds of a solve over a size."""

    solver: str
    over: str
    """``N`` or ``T``."""
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]


@dataclass
class Section:
    """One part of the benchmark."""

    name: str
    title: str
    prose: str
    cases: list[Case] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    """Drawn by ``bench.figure``."""
    cost: float = 0.0
    """Wall seconds that the part took."""
