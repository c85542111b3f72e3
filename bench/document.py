"""Where the figures of a run go: the terminal, a JSON file, the generated part of docs/benchmarks.md."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.figure import growth_figure
from bench.races import Effort
from bench.results import Section
from bench.tables import section_text
from bench.timing import clock_resolution
from reports.style import to_png

_ROOT = Path(__file__).parents[1]
DOCUMENT, PICTURE = _ROOT / "docs" / "benchmarks.md", _ROOT / "docs" / "images" / "bench_growth.png"
BEGIN, END = "<!-- written by python -m bench --write-docs: begin -->", "<!-- end -->"
_LIBRARIES = ("numpy", "scipy", "numba", "skfolio", "cvxpy", "clarabel", "riskfolio-lib", "pyportfolioopt")


def conditions(effort: Effort) -> str:
    """What the figures were measured with, one line each."""
    options = f"--rounds {effort.rounds} --allowance {effort.allowance:g} --patience {effort.patience:g}"
    return "\n".join(
        [
            f"- {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, `{options}{' --full' * effort.full}`",
            f"- processor: {_processor()}, one thread; load at the start {os.getloadavg()[0]:.1f}",
            f"- clock: CPU time of the thread, smallest step seen {1e9 * clock_resolution():.0f} ns",
            f"- Python {platform.python_version()}, " + ", ".join(filter(None, map(_installed, _LIBRARIES))),
        ]
    )


def write_json(file: Path, header: str, sections: Sequence[Section]) -> None:
    """All raw figures."""
    content = {"conditions": header.splitlines(), "sections": [asdict(s) for s in sections]}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_document(
    header: str, sections: Sequence[Section], document: Path = DOCUMENT, picture: Path = PICTURE
) -> None:
    """Replace the generated part of the document, and the picture when growth was measured."""
    parts = [header]
    for section in sections:
        parts.append(section_text(section))
        if section.curves:
            figure = growth_figure(section.curves)
            picture.write_bytes(to_png(figure))
            parts.append(f"![{figure.get_label()}](images/{picture.name})")
    text = document.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    document.write_text(before + BEGIN + "\n\n" + "\n\n".join(parts) + "\n\n" + after, encoding="utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _installed(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return ""
