from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

import matplotlib as mpl

from reports.figures import equity_so_far, weights_history
from reports.style import FILLS, alt_text, house_style, new_figure, to_png, to_svg


def _figure():
    with house_style():
        figure = new_figure(2.0, 'Rises & "falls"')
        figure.subplots().fill_between([0, 1], [0, 1], [1, 2], hatch="//", label="a")
    return figure


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert to_svg(_figure()) == to_svg(_figure())
    assert to_png(_figure()) == to_png(_figure())


def test_figures_drawn_in_threads_are_those_drawn_alone(make_inputs) -> None:
    inputs = make_inputs(["complete"] * 4)

    def draw(_):
        return to_svg(weights_history(inputs.target_weights, inputs.runs))

    alone = draw(None)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(draw, range(8))) == {alone}


def test_an_svg_is_well_formed_undated_and_names_nothing_outside() -> None:
    svg = to_svg(_figure())
    ET.fromstring(svg)
    assert svg.startswith("<svg")
    assert "<metadata" not in svg
    assert not re.search(r"""(href|src)="(?!#)|url\((?!#)|@import|<script""", svg)


def test_an_svg_takes_the_colours_of_its_page(make_inputs) -> None:
    inputs = make_inputs(["complete", "refused"] * 3, symbols=[f"ETF{n:02d}" for n in range(30)])
    for figure in (
        weights_history(inputs.target_weights, inputs.runs),
        equity_so_far(inputs.performance, inputs.runs),
    ):
        svg = to_svg(figure)
        assert {"currentColor", "var(--page, #ffffff)"} <= set(re.findall(r"(?<=fill: )[^;\"]+", svg))
        assert not re.search(r"#000000|(?<!--page, )#ffffff", svg)


def test_two_svgs_on_one_page_share_no_id(make_inputs) -> None:
    inputs = make_inputs(["complete", "adjusted", "hold"])
    first = to_svg(weights_history(inputs.target_weights, inputs.runs))
    second = to_svg(equity_so_far(inputs.performance, inputs.runs))
    identities = re.findall(r' id="([^"]+)"', first), re.findall(r' id="([^"]+)"', second)
    assert not set(identities[0]) & set(identities[1])
    assert set(re.findall(r"#([\w-]{8,})", first)) <= set(identities[0])


def test_the_text_alternative_travels_with_the_figure() -> None:
    figure = _figure()
    assert alt_text(figure) == 'Rises & "falls"'
    assert ET.fromstring(to_svg(figure)).get("aria-label") == 'Rises & "falls"'
    assert b"Rises &" in to_png(figure)


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    before = dict(mpl.rcParams)
    to_svg(_figure())
    assert dict(mpl.rcParams) == before


def test_pyplot_and_its_windows_are_never_loaded() -> None:
    program = "import sys, reports.summary; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_dozen_assets_look_different() -> None:
    assert len(set(FILLS)) == 12
