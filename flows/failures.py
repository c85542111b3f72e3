"""An error as one screen: what failed, the figures, what to do next. No traceback for what is expected."""

from __future__ import annotations

import sys

from rich.console import Console

from schemas.errors import ConfigError, RiskParityError


def explain(error: Exception) -> int:
    """Print the error on stderr and return its documented exit code."""
    console = Console(stderr=True, highlight=False)
    if isinstance(error, OSError) and error.filename:
        error = ConfigError(
            f"{error.strerror}: {error.filename}",
            remedy="The state folder (RISKPARITY_HOME, by default data/) must be a folder that can be written.",
        )
    if not isinstance(error, RiskParityError):
        console.print_exception(max_frames=6)
        console.print("Unexpected failure: please report it with the lines above.")
        return 1
    console.print(f"[bold]{error.what}[/bold]" if sys.stderr.isatty() else error.what, soft_wrap=True)
    for name, value in error.figures.items():
        console.print(f"  {name}: {value}", markup=False, soft_wrap=True)
    console.print(error.remedy, markup=False, soft_wrap=True)
    return error.exit_code
