from __future__ import annotations

import json

import pytest

from bench.document import BEGIN, END, write_document, write_json
from bench.growth import exponent
from bench.results import Case, Curve, Row, Section, Table, Target
from bench.tables import section_text, significant, table_text

ROW = Row("ours", 5.6e-5, 40, 1.0, 7.0, (1e-16,), "certified")
SECTION = Section(
    "minimum",
    "Minimum",
    "What is solved.",
    cases=[Case("N = 2", ("gap",), (ROW,), {"theirs": "not installed: theirs"})],
    targets=[Target("theirs ÷ ours", 420.0, 500.0, at_least=True)],
)


@pytest.mark.parametrize(
    ("figure", "text"),
    [(1234.5, "1230"), (0.03456, "0.0346"), (999.6, "1000"), (0.0, "0"), (float("nan"), "-")],
)
def test_three_significant_digits(figure, text):
    assert significant(figure) == text


def test_a_table_is_markdown_and_legible_as_text():
    assert table_text(("who", "ms"), [("ours", "0.1"), ("a peer", "12")]) == (
        "| who    |  ms |\n| ------ | --: |\n| ours   | 0.1 |\n| a peer |  12 |"
    )


@pytest.mark.parametrize(
    ("measured", "limit", "at_least", "verdict"),
    [
        (501.0, 500.0, True, "met"),
        (499.0, 500.0, True, "NOT met"),
        (3.9, 4.0, False, "met"),
        (4.1, 4.0, False, "NOT met"),
        (float("nan"), 4.0, False, "not measured"),
    ],
)
def test_promises_are_judged(measured, limit, at_least, verdict):
    assert Target("", measured, limit, at_least=at_least).verdict == verdict


def test_what_was_left_out_and_what_was_missed_is_said():
    text = section_text(SECTION)
    assert "Left out: theirs (not installed: theirs)." in text
    assert "NOT met" in text


def test_slope_of_a_power_law():
    assert exponent(Curve("ours", "N", (10, 100, 1000), (1.0, 30.0, 900.0))) == pytest.approx(
        1.4771, rel=1e-4
    )
    assert exponent(Curve("ours", "N", (1, 10, 100, 1000), (7.0, 1.0, 10.0, 100.0)), 10) == pytest.approx(1.0)


def test_only_the_generated_part_of_the_document_changes(tmp_path):
    document = tmp_path / "benchmarks.md"
    document.write_text(f"# By hand\n\n{BEGIN}\nold figures\n{END}\n\nBy hand too\n")
    growth = Section("growth", "Growth", "", tables=[Table("ms", ("n", "1"), (("ours", "2"),))])
    growth.curves = [Curve("ours, cold", over, (5, 10, 20), (1e-5, 2e-5, 4e-5)) for over in "NT"]
    write_document("conditions", [SECTION, growth], document, tmp_path / "growth.png")
    text = document.read_text()
    assert text.startswith("# By hand\n")
    assert text.endswith(f"{END}\n\nBy hand too\n")
    assert "old figures" not in text
    assert "## Minimum" in text
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_raw_figures_are_written_unrounded(tmp_path):
    write_json(tmp_path / "bench.json", "conditions", [SECTION])
    content = json.loads((tmp_path / "bench.json").read_text())
    assert content["sections"][0]["cases"][0]["rows"][0]["seconds"] == 5.6e-5
