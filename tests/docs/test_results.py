"""The README's figures and table are those that ``make results`` computes from the bundled prices today."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.testing.compare import compare_images

from flows.results import BEGIN, END, FIGURES, write_results

ROOT = Path(__file__).parents[2]
SAME = 3.0
"""Root mean square of the difference of two pictures (0 to 255): another version of a font stays below."""


@pytest.fixture(scope="module")
def anew(tmp_path_factory):
    """A folder with a README that has no table yet, and the results written into it."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "README.md").write_text(f"before\n{BEGIN}\n{END}\nafter\n", encoding="utf-8")
    write_results(folder / "README.md", folder)
    return folder


def test_the_table_says_what_the_prices_give_to_the_letter(anew):
    assert _written(anew / "README.md") == _written(ROOT / "README.md")


@pytest.mark.parametrize("name", FIGURES)
def test_the_figures_are_drawn_from_the_same_numbers(anew, name):
    file = f"backtest_{name}.png"
    difference = compare_images(str(ROOT / "docs" / "images" / file), str(anew / file), tol=SAME)
    assert difference is None, difference


def test_what_stands_around_the_table_is_left_alone(anew):
    text = (anew / "README.md").read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")


def _written(readme: Path) -> str:
    text = readme.read_text(encoding="utf-8")
    return text[text.index(BEGIN) : text.index(END)]
