"""A page of a report as its reader's machine takes it apart."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class Page(HTMLParser):
    """Text by the id of its section, in order, and every tag with its attributes."""

    VOID = frozenset({"meta", "link", "br", "img", "use", "path", "rect"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sections: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    @property
    def said(self) -> str:
        """All text of all sections."""
        return " ".join(" ".join(self.sections.values()).split())

    @property
    def alternatives(self) -> list[str | None]:
        """What is read out instead of each figure."""
        return [attrs["aria-label"] for tag, attrs in self.tags if tag == "svg"]

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("header", "section"):
            self.sections[dict(attrs)["id"]] = ""

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.sections and "svg" not in self.open:
            self.sections[list(self.sections)[-1]] += data + " "


def links(markup: str) -> list[str]:
    """Everything that a page or a figure refers to; what begins with # is in itself."""
    return re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?([^"')\s>]+)""", markup)


def pixels_across(html: bytes, width: int, folder) -> tuple[int, int]:
    """What a page takes and what it has, in a browser's frame: a window cannot be as narrow as a phone."""
    (folder / "report.html").write_bytes(html)
    (folder / "frame.html").write_text(
        f'<iframe src="report.html" style="width:{width}px;height:900px"></iframe><script>onload = () => {{'
        "const d = document.querySelector('iframe').contentDocument.documentElement;"
        "document.title = d.scrollWidth + ' of ' + d.clientWidth}</script>"
    )
    answer = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         f"--user-data-dir={folder / 'profile'}", "--dump-dom", (folder / "frame.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    needed, given = map(int, re.search(r"<title>(\d+) of (\d+)</title>", answer.stdout).groups())
    return needed, given
