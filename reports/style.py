"""The house style of figures: colours, fonts, and rendering that gives the same bytes for the same figure.

Figures are ``matplotlib.figure.Figure`` objects, never pyplot's, so nothing is global but the style
parameters, which are set under a lock while a figure is drawn.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""Okabe & Ito (2008), told apart with every common colour vision; their black is the ink."""

INK, PAGE = "#1b1b1d", "#fefefe"
"""Text and background. In SVG they become the page's own, so a figure follows light and dark."""

WIDTH = 5.6
"""Inches; narrow, so that letters stay legible when a phone shrinks the figure."""

_LAYERS = (BLUE, ORANGE, GREEN, SKY, VERMILION, YELLOW, PURPLE)
_PARAMETERS: Any = {  # matplotlib types its keys as one long literal
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "hatch.linewidth": 1.2,
    "figure.facecolor": PAGE,
    "axes.facecolor": "none",
    "savefig.facecolor": PAGE,
}
_ONE_AT_A_TIME = threading.RLock()


class Fill(NamedTuple):
    """How one asset's area looks."""

    color: str
    hatch: str


FILLS: tuple[Fill, ...] = tuple(Fill(color, hatch) for hatch in ("", "////") for color in _LAYERS)[:12]
"""Seven hues plain, then five of them hatched: a dozen assets; further ones share an area."""

OTHERS_FILL, CASH_FILL = Fill("#8a8d93", ""), Fill("#cfd2d6", "")


@contextmanager
def house_style() -> Iterator[None]:
    """Draw or render inside this; one thread at a time, because matplotlib's parameters are global."""
    with _ONE_AT_A_TIME, mpl.rc_context(_PARAMETERS):
        yield


def new_figure(height: float, alt: str) -> Figure:
    """An empty figure of house width; ``alt`` is its text alternative and stays with it.

    Args:
        height: Inches.
        alt: What the figure shows, in one or two sentences with the figures.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.set_label(alt)
    return figure


def alt_text(figure: Figure) -> str:
    """The text alternative given to ``new_figure``."""
    return str(figure.get_label())


def to_svg(figure: Figure) -> str:
    """The figure as an SVG element: the same bytes each time, without date, fonts or anything external.

    Ink and background become ``currentColor`` and ``var(--page)``, so that inline the figure takes the
    page's colours; alone in a file it is black on white.
    """
    buffer = io.StringIO()
    own_ids = {
        "svg.hashsalt": alt_text(figure)
    }  # constant, so bytes repeat; distinct, so figures share a page
    with house_style(), mpl.rc_context(own_ids):  # type: ignore[arg-type]
        figure.savefig(buffer, format="svg")
    return _for_pages(buffer.getvalue(), alt_text(figure))


def to_png(figure: Figure, dpi: int = 160) -> bytes:
    """The figure as a PNG on white, with its text alternative as the description."""
    buffer = io.BytesIO()
    with house_style():
        metadata = {"Software": None, "Description": alt_text(figure)}
        figure.savefig(buffer, format="png", dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def _for_pages(document: str, alt: str) -> str:
    svg = document[document.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
    svg = svg.replace(INK, "currentColor").replace(PAGE, "var(--page, #ffffff)")
    svg = svg.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    svg = re.sub(r"(?<= d=\")[^\"]*", _with_two_decimals, svg)
    return _without_unused_ids(svg).strip() + "\n"


def _without_unused_ids(svg: str) -> str:
    # Two figures on one page both have an "axes_1"; ids must be unique there, and only references need them.
    used = set(re.findall(r"#([\w-]+)", svg))
    return re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", svg)


def _with_two_decimals(path: re.Match[str]) -> str:
    # A hundredth of a point is beyond any screen, and long histories become half the size.
    return re.sub(r"(\.\d\d)\d+", r"\1", path[0])
