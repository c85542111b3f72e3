"""The mathematics in docs/method.md: its examples come out as printed, and the code and tests it cites exist."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "method.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_examples_come_out_as_printed():
    without_fences = re.sub(r"^```.*$", "", TEXT, flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(without_fences, {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 30
    report = []

    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    runner.run(examples, out=report.append)

    assert runner.summarize(verbose=False).failed == 0, "".join(report)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+\.py)`", TEXT))))
def test_files_cited_exist(path):
    assert (ROOT / path).is_file()


def test_tests_cited_exist():
    cited = set(re.findall(r"`(test_\w+)`", TEXT))
    written = {
        name
        for module in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", module.read_text(encoding="utf-8"))
    }
    assert len(cited) > 30
    assert cited <= written


def test_links_lead_somewhere():
    headings = re.findall(r"^#+ (.+)$", TEXT, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\s-]", "", heading).lower().replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (PAGE.parent / target).is_file(), target
