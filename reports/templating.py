"""How a page and a Markdown text are made from a template: every value escaped, every missing one an error."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from reports.markdown import escape_markdown

_COMMON: dict[str, Any] = {
    "loader": PackageLoader("reports"),
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
}
_HTML = Environment(autoescape=True, **_COMMON)
_MARKDOWN = Environment(
    autoescape=False,  # noqa: S701 - every value goes through escape_markdown instead
    finalize=escape_markdown,
    **_COMMON,
)


def html_template(name: str) -> Template:
    """The page template ``name``."""
    return _HTML.get_template(name)


def markdown_template(name: str) -> Template:
    """The Markdown template ``name``."""
    return _MARKDOWN.get_template(name)
