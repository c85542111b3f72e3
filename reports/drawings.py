"""What the reports' folders share: each figure as SVG and PNG, each table as CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from reports.style import to_png, to_svg


class Drawing(NamedTuple):
    """One figure of a report."""

    title: str
    figure: Figure
    caption: str
    """What it shows, in a sentence."""


def figure_files(drawings: Mapping[str, Drawing]) -> dict[str, bytes]:
    """``figures/<name>.svg`` and ``.png`` of each figure."""
    files = {}
    for name, drawing in drawings.items():
        files[f"figures/{name}.svg"] = to_svg(drawing.figure).encode()
        drawing.figure.set_layout_engine("none")  # the SVG has settled where everything stands
        files[f"figures/{name}.png"] = to_png(drawing.figure)
    return files


def on_the_page(drawings: Mapping[str, Drawing], files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """What a page's template shows of each figure: its SVG from ``figure_files``, and its caption."""
    return {
        name: {"svg": Markup(files[f"figures/{name}.svg"].decode()), "caption": drawing.caption}  # noqa: S704 - our own SVG
        for name, drawing in drawings.items()
    }


def as_csv(table: pd.DataFrame) -> bytes:
    """The columns of a table as a CSV file."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def table_files(tables: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
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
