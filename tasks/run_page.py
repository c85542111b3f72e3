"""What stands on a run's page in the Prefect UI, beside its log. It is only a view: the warehouse holds the truth.

A rebalance never fails for it, and hardly waits for it: what cannot be shown in time is said in the log, and left.
"""

from __future__ import annotations

import base64
import contextvars
import threading
from collections.abc import Callable, Sequence

from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger

from reports.markdown import escape_markdown
from reports.tables import Table
from schemas.results import Opening

PATIENCE = 10.0
"""Seconds that a stage waits for its page at most."""


def show_table(key: str, table: Table, description: str) -> None:
    """A table that can be searched and sorted.

    Args:
        key: The same in every run, so that the UI keeps a history: lowercase words and dashes.
        table: Cells of text.
        description: What it is, in Markdown.
    """
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    _show(lambda: create_table_artifact(key=_key(key), table=rows, description=description))


def show_rows(key: str, columns: Sequence[str], rows: Sequence[Sequence[str]], description: str) -> None:
    """The same from rows of text."""
    table = [dict(zip(columns, row, strict=True)) for row in rows]
    _show(lambda: create_table_artifact(key=_key(key), table=table, description=description))


def show_markdown(key: str, markdown: str, description: str) -> None:
    """A text."""
    _show(lambda: create_markdown_artifact(key=_key(key), markdown=markdown, description=description))


def show_figure(key: str, png: bytes, description: str) -> None:
    """A picture, carried in the page itself: no file server is needed."""
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    _show(lambda: create_image_artifact(key=_key(key), image_url=url, description=description))


def show_refusal(opening: Opening) -> None:
    """Why the guard said no, and when the next opportunity is."""
    checks = [
        f"- **{'ok' if check.passed else 'NO'}** {escape_markdown(f'{check.name}: {check.detail}')}"
        for check in opening.checks
    ]
    text = "\n".join(
        ["## Refused by a guard, nothing sent", "", *checks, "", escape_markdown(opening.remedy)]
    )
    show_markdown(f"{opening.run.strategy}-refusal", text, opening.run.run_id)


def _key(name: str) -> str:
    return name.replace("_", "-")


def _show(publish: Callable[[], object]) -> None:
    if TaskRunContext.get() is None:  # a stage called as a function has no page
        return
    logger, context = get_run_logger(), contextvars.copy_context()

    def attempt() -> None:
        try:
            context.run(publish)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run is about something else
            logger.warning("Not shown on the run's page: %s", error)

    # a thread of its own: with its server away, Prefect's client would try for minutes
    showing = threading.Thread(target=attempt, daemon=True)
    showing.start()
    showing.join(PATIENCE)
    if showing.is_alive():
        logger.warning("Not shown on the run's page so far: Prefect's server is slow to answer")
