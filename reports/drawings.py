"""What a report's folder holds: page and summary, each figure as SVG and PNG, each table as CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sized
from typing import Any, Generic, NamedTuple, TypeVar

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from reports.markdown import fenced
from reports.style import to_png, to_svg
from reports.templating import html_template, markdown_template

Inputs = TypeVar("Inputs")


class Kind(NamedTuple, Generic[Inputs]):
    """How one figure of a report is made."""

    title: str
    table: Callable[[Inputs], Sized]
    """What it is drawn from; without rows there is no figure."""
    draw: Callable[[Inputs], Figure]
    finding: Callable[[Inputs], str]
    """What it shows, in a sentence."""


class Drawing(NamedTuple):
    """One figure of a report."""

    title: str
    figure: Figure
    caption: str
    """What it shows, in a sentence."""


def drawings_of(kinds: Mapping[str, Kind[Inputs]], inputs: Inputs) -> dict[str, Drawing]:
    """The figures for which there is something to draw, by name, in the order of ``kinds``."""
    return {
        name: Drawing(kind.title, kind.draw(inputs), kind.finding(inputs))
        for name, kind in kinds.items()
        if len(kind.table(inputs))
    }


def report_files(
    name: str, view: Mapping[str, Any], drawings: Mapping[str, Drawing], tables: Mapping[str, pd.DataFrame]
) -> dict[str, bytes]:
    """Every file of a report by its name relative to the report's folder. Same arguments, same bytes.

    ``report.html`` holds all figures and needs no other file; ``summary.md`` is its text; ``figures/`` has each figure as
    SVG and PNG, ``tables/`` each table as CSV and Parquet.

    Args:
        name: Of the templates.
        view: What they show, apart from the figures.
        drawings: The figures by name.
        tables: The tables by name; those without rows get no file.
    """
    figures = _figure_files(drawings)
    page = html_template(f"{name}.html.j2").render(view, figures=_on_the_page(drawings, figures))
    summary = markdown_template(f"{name}.md.j2").render(view, figures=drawings, fenced=fenced)
    return {
        "report.html": page.encode(),
        "summary.md": summary.encode(),
        **figures,
        **_table_files(tables),
    }


def _figure_files(drawings: Mapping[str, Drawing]) -> dict[str, bytes]:
    """``figures/<name>.svg`` and ``.png`` of each figure."""
    files = {}
    for name, drawing in drawings.items():
        files[f"figures/{name}.svg"] = to_svg(drawing.figure).encode()
        drawing.figure.set_layout_engine("none")  # the SVG has settled where everything stands
        files[f"figures/{name}.png"] = to_png(drawing.figure)
    return files


def _on_the_page(drawings: Mapping[str, Drawing], files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """What a page's template shows of each figure: its SVG from ``_figure_files``, and its caption."""
    return {
        name: {"svg": Markup(files[f"figures/{name}.svg"].decode()), "caption": drawing.caption}  # noqa: S704 - our own SVG
        for name, drawing in drawings.items()
    }


def as_csv(table: pd.DataFrame) -> bytes:
    """The columns of a table as a CSV file."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def _table_files(tables: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
    """``tables/<name>.csv`` and ``.parquet`` of each table that has rows; an index with a name is a column."""
    files = {}
    for name, table in tables.items():
        if len(table):
            flat = table.reset_index() if table.index.name else table
            parquet = io.BytesIO()
            flat.to_parquet(parquet, index=False)
            files[f"tables/{name}.csv"] = as_csv(flat)
            files[f"tables/{name}.parquet"] = parquet.getvalue()
    return files
