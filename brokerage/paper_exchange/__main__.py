"""``python -m brokerage.paper_exchange``: the exchange in the foreground."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from brokerage.paper_exchange.server import serve
from schemas.errors import RiskParityError
from schemas.settings import ExchangeSettings


def main() -> int:
    """Parse the command line and serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m brokerage.paper_exchange", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the exchange's state")
    parser.add_argument("--settings", default="{}", help="ExchangeSettings as JSON")
    parser.add_argument(
        "--bars", type=Path, help="Parquet or CSV of daily bars instead of the bundled closes"
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: a free one)")
    parser.add_argument("--idle-exit", type=float, help="end after so many seconds without a request")
    given = parser.parse_args()
    settings = ExchangeSettings.model_validate_json(given.settings)
    try:
        serve(given.home, settings, bars=given.bars, port=given.port, idle_exit=given.idle_exit)
    except RiskParityError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's message
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
