"""``make results``: the README's two figures and its table, from the bundled prices."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from config import load_settings
from flows.backtesting import run_backtest
from reports.backtest_inputs import BacktestInputs, shown
from reports.backtest_tables import Cell, results
from tasks.backtest_report import report_inputs
from warehouse import Warehouse

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- written by make results: begin -->", "<!-- end -->"
FIGURES = ("equity", "allocation")
TOLD = (
    "CAGR",
    "Volatility",
    "Downside deviation",
    "Sharpe ratio",
    "Sortino ratio",
    "Max drawdown",
    "Turnover, a year",
    "Costs, a year",
)


def write_results(readme: Path, images: Path) -> None:
    """Run the backtest of the README anew, and put its figures and table in their places."""
    parameters = load_settings().backtest("risk_parity").model_copy(update={"prices": "bundled"})
    with tempfile.TemporaryDirectory() as folder:
        store = Warehouse(Path(folder))
        result = run_backtest(store, parameters, quiet=True)
        inputs = report_inputs(store, result.trial, result.prices, result.accounts, parameters)
        for name in FIGURES:
            drawn = (store.root / result.report).parent / "figures" / f"{name}.png"
            (images / f"backtest_{name}.png").write_bytes(drawn.read_bytes())
    text = readme.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    readme.write_text(f"{before}{BEGIN}\n{results_text(inputs)}\n{after}", encoding="utf-8")


def results_text(inputs: BacktestInputs) -> str:
    """The table of every account's figures as Markdown, the strategy's with their intervals, and what the prices are."""
    names = [shown(name) for name in inputs.accounts]
    rows = [["", *names], ["---", *["---:"] * len(names)]]
    rows += [
        [result.name, _with_interval(result.cells[0]), *(cell.value for cell in result.cells[1:])]
        for result in results(inputs)
        if result.name in TOLD
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    span = f"{inputs.equity.index[0]:%Y-%m-%d} to {inputs.equity.index[-1]:%Y-%m-%d}"
    return f"\n{table}\n\n*Backtest, {span}, weekly. {' '.join(inputs.notes)} In brackets: 95% bootstrap intervals.*\n"


def _with_interval(cell: Cell) -> str:
    return f"**{cell.value}** ({cell.below})" if cell.below else f"**{cell.value}**"


if __name__ == "__main__":
    write_results(ROOT / "README.md", ROOT / "docs" / "images")
    sys.stderr.write(
        "README.md and docs/images/backtest_*.png are those of today's code and the bundled prices\n"
    )
