"""The error tree, sorted by what the person reading it can do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class RiskParityError(Exception):
    """Base of every error this project raises on purpose.

    Args:
        what: What failed, in one sentence.
        figures: The numbers behind it, by name; shown line by line.
        remedy: What to do next; ends with the command that helps where there is one.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, remedy: str, figures: Mapping[str, object] | None = None) -> None:
        self.what = what
        self.remedy = remedy
        self.figures = {name: str(value) for name, value in (figures or {}).items()}
        super().__init__(what)

    def __reduce__(self) -> tuple[object, ...]:
        # Prefect stores failures; keyword-only arguments do not survive the default reduction.
        return _rebuild, (type(self), self.what, self.figures, self.remedy)

    def __str__(self) -> str:
        figures = "; ".join(f"{name}: {value}" for name, value in self.figures.items())
        return f"{self.what}{f' ({figures})' if figures else ''}. {self.remedy}"


class ConfigError(RiskParityError):
    """The configuration, a parameter or a credential is wrong: correct it and run again."""

    exit_code = 2


class GuardRefusal(RiskParityError):
    """A guard said no, as it should: nothing was sent."""

    exit_code = 3


class DataError(RiskParityError):
    """The prices are missing, stale or unusable: mend the data."""

    exit_code = 4


class InfeasibleError(RiskParityError):
    """No weights satisfy the constraints: relax one of the rows named in the figures."""

    exit_code = 5


class SolverError(RiskParityError):
    """The optimiser could not certify its answer; the answer was withheld."""

    exit_code = 5


class NeedsHuman(RiskParityError):
    """The account is in a state that no rule covers: a person must look before anything is sent."""

    exit_code = 6


class UnknownOutcome(NeedsHuman):
    """An order may or may not have reached the broker: a person must look before anything is sent."""


class BrokerRefusal(RiskParityError):
    """The broker refused, and asking again unchanged will not help."""

    exit_code = 7


class TemporaryError(RiskParityError):
    """The network or the broker is unwell for now: the same command may work later."""

    exit_code = 75


def _rebuild(
    kind: type[RiskParityError], what: str, figures: Mapping[str, str], remedy: str
) -> RiskParityError:
    return kind(what, figures=figures, remedy=remedy)
