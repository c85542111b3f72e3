"""The command line run against a real Prefect server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.prefect_processes import ROOT, without_keys
from tests.prefect_processes import free_port as _free_port


@dataclass(frozen=True)
class Outcome:
    """What a command line answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def free_port() -> int:
    """A TCP port nobody listens on now."""
    return _free_port()


@pytest.fixture
def riskparity(prefect_environment, exchange) -> Callable[..., Outcome]:
    """Run the console script as a person would, on a loopback exchange of its own."""
    return _command_line({**prefect_environment, "RISKPARITY_HOME": str(exchange.home)})


@pytest.fixture(scope="module")
def shared_riskparity(prefect_environment, shared_exchange) -> Callable[..., Outcome]:
    """The same on one exchange for a whole module."""
    return _command_line({**prefect_environment, "RISKPARITY_HOME": str(shared_exchange.home)})


def _command_line(environment: dict[str, str]) -> Callable[..., Outcome]:
    def run(*arguments: str, **extra: str) -> Outcome:
        done = subprocess.run(
            [Path(sys.executable).with_name("riskparity"), *arguments],
            cwd=ROOT, env=without_keys({**environment, **extra}), capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
