"""Text made safe for Markdown: what comes from a broker or a file stays text, never markup."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

_SPECIAL = re.compile(r"[\\`*|\[\]~#<]|^>|&(?=#?\w+;)")
"""An ampersand is one unless it begins an entity, and > quotes at the begin of a line alone."""


def escape_markdown(value: Any) -> str:
    r"""``value`` as one line of literal text; what ``fenced`` made is passed through.

    >>> escape_markdown("a|b <i>")
    'a\\|b \\<i>'
    """
    if isinstance(value, Markup):
        return str(value)
    return _SPECIAL.sub(r"\\\g<0>", " ".join(str(value).split()))


def fenced(text: str) -> Markup:
    """A code block whose fence is longer than any run of backticks in ``text``."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}\n{text}\n{fence}")  # noqa: S704 - this is what makes it safe
