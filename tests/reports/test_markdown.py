from __future__ import annotations

import pytest

from reports.markdown import escape_markdown, fenced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("risk_parity", "risk_parity"),
        ("a|b", r"a\|b"),
        ("Politis & Romano: 1 > 0", "Politis & Romano: 1 > 0"),
        ("<b>x</b>", r"\<b>x\</b>"),
        ("> not quoted", r"\> not quoted"),
        ("&amp; and &#38; are not entities", r"\&amp; and \&\#38; are not entities"),
        ("two\nlines", "two lines"),
        ("`code` *bold* [a](b)", r"\`code\` \*bold\* \[a\](b)"),
        (r"back\slash", r"back\\slash"),
        (12, "12"),
    ],
)
def test_text_stays_text_on_one_line(text: object, expected: str) -> None:
    assert escape_markdown(text) == expected


def test_a_fence_cannot_be_closed_from_inside() -> None:
    assert fenced("a\n````\nb").splitlines()[0] == "`````"


def test_code_is_left_as_it_is() -> None:
    assert escape_markdown(fenced("select a|b")) == "```\nselect a|b\n```"
