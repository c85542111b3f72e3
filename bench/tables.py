"""Markdown that is also legible as plain text: columns are padded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bench.results import Case, Section, Target


def section_text(section: Section) -> str:
    """The whole section: prose, one table a case, promises with their verdicts."""
    parts = [f"## {section.title}", section.prose]
    parts += [_case(case) for case in section.cases]
    parts += [f"**{table.title}**\n\n{table_text(table.heading, table.lines)}" for table in section.tables]
    if section.targets:
        parts.append(_targets(section.targets))
    return "\n\n".join(part for part in parts if part)


def table_text(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right unless they hold words."""
    cells = [list(heading), *[list(line) for line in lines]]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heading))]
    right = [all(_is_figure(line[column]) for line in cells[1:]) for column in range(len(heading))]
    rule = [("-" * (w - 1) + ":") if r else "-" * w for w, r in zip(widths, right, strict=True)]
    padded = [
        [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        for line in cells
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [padded[0], rule, *padded[1:]])


def milliseconds(seconds: float) -> str:
    """Three significant digits.

    >>> milliseconds(0.0000561), milliseconds(12.4)
    ('0.0561 ms', '12400 ms')
    """
    return f"{significant(1e3 * seconds)} ms"


def significant(figure: float) -> str:
    """Three significant digits without an exponent.

    >>> significant(1234.5), significant(0.03456)
    ('1230', '0.0346')
    """
    if not math.isfinite(figure) or figure == 0:
        return "-" if not math.isfinite(figure) else "0"
    places = 2 - math.floor(math.log10(abs(figure)))
    rounded = round(figure, places)
    return f"{rounded:.{max(places, 0)}f}"


def _case(case: Case) -> str:
    heading = ("solver", "CPU ms", "÷ ours cold", "÷ Gram", "solves", *case.measures, "it said")
    lines = [
        (
            row.solver + (" †" if row.threaded else ""),
            significant(1e3 * row.seconds),
            significant(row.to_ours),
            significant(row.to_floor),
            str(row.solves),
            *([f"{value:.0e}" for value in row.accuracy] or [""] * len(case.measures)),
            row.said,
        )
        for row in case.rows
    ]
    left_out = "".join(f"\nLeft out: {name} ({reason})." for name, reason in case.absent.items())
    threads = "\n† worked with threads of its own: CPU time of the whole process." * any(
        row.threaded for row in case.rows
    )
    return f"**{case.title}**\n\n{table_text(heading, lines)}\n{left_out}{threads}".rstrip()


def _targets(targets: Sequence[Target]) -> str:
    lines = [
        (t.promise, _figure(t.measured), ("≥ " if t.at_least else "≤ ") + _figure(t.limit), t.verdict)
        for t in targets
    ]
    return table_text(("target", "measured", "wanted", "verdict"), lines)


def _figure(value: float) -> str:
    tiny = 1e-4
    return f"{value:.1e}" if 0 < abs(value) < tiny else significant(value)


def _is_figure(cell: str) -> bool:
    return not cell or cell[0].isdigit() or cell[0] in "-≥≤"
