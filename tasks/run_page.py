"""What stands on a run's page in the Prefect UI, beside its log. It is only a view: the warehouse holds the truth.

A rebalance never fails for it, and hardly waits for it: what cannot be shown in time is said in the log, and left.
"""

from __future__ import annotations

import base64
import contextvars
import threading
from collections.abc import Callable

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger

from reports.markdown import escape_markdown
from reports.tables import Table
from schemas.results import Opening

PATIENCE = 10.0
"""Seconds that a stage waits for its page at most."""


def show_table(key: str, make: Callable[[], Table], description: str) -> None:
    """A table that can be searched and sorted.

    Args:
        key: The same in every run, so that the UI keeps a history.
        make: Makes the cells; what it raises is only logged.
        description: What it is.
    """

    def publish() -> None:
        columns, rows = make()
        names = [column.name for column in columns]
        cells = [dict(zip(names, row, strict=True)) for row in rows]
        create_table_artifact(key=_key(key), table=cells, description=escape_markdown(description))

    _show(publish)


def show_markdown(key: str, make: Callable[[], str], description: str) -> None:
    """A text in Markdown; otherwise as a table."""
    _show(
        lambda: create_markdown_artifact(
            key=_key(key), markdown=make(), description=escape_markdown(description)
        )
    )


def show_figure(key: str, png: bytes, description: str) -> None:
    """A picture, carried in the page itself: no file server is needed."""
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    # Markdown rather than an image artifact, below which the UI prints the whole of this URL
    show_markdown(key, lambda: f"![{escape_markdown(description)}]({url})", description)


def show_refusal(opening: Opening) -> None:
    """Why the guard said no, and when the next opportunity is."""

    def text() -> str:
        checks = [
            f"- **{'ok' if check.passed else 'NO'}** {escape_markdown(f'{check.name}: {check.detail}')}"
            for check in opening.checks
        ]
        return "\n".join(["## Refused, nothing sent", "", *checks, "", escape_markdown(opening.remedy)])

    show_markdown(f"{opening.run.strategy}-refusal", text, opening.run.run_id)


def _key(name: str) -> str:
    return name.replace("_", "-")


def _show(publish: Callable[[], object]) -> None:
    if TaskRunContext.get() is None:  # a stage called as a function has no page
        return
    logger, context = get_run_logger(), contextvars.copy_context()

    def attempt() -> None:
        try:
            publish()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run is about something else
            logger.warning("Not shown on the run's page: %s", error)

    # a thread of its own: with its server away, Prefect's client would try for minutes
    showing = threading.Thread(target=context.run, args=(attempt,), name="run page", daemon=True)
    showing.start()
    showing.join(PATIENCE)
    if showing.is_alive():
        logger.warning("Not shown on the run's page so far: Prefect's server is slow to answer")
