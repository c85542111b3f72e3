"""What makes a run visible: a file written last, with the instant from which every view shows the run.

Views list files at slightly different moments, so a marker may count only once all of them have it. They count it two
seconds after its stamp (``warehouse.catalogue``), by the time at which a reader's transaction began. That holds as long as the
file is in place soon after its stamp. On a crowded machine writing it durably may take longer than those two seconds; it is
stamped anew then, ahead of time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from schemas.columns import naive_utc
from warehouse import files

YOUNG = dt.timedelta(seconds=1)
"""Greatest age of a stamp when the file is put in place: half of what readers wait."""


def utc_now() -> dt.datetime:
    """The host's clock, UTC without a zone, as every stamp is kept."""
    return naive_utc(dt.datetime.now(dt.UTC))


def put_marker(
    destination: Path, content: Callable[[dt.datetime], bytes], clock: Callable[[], dt.datetime] = utc_now
) -> None:
    """Put a marker in place while its stamp is young; when there is one already, nothing changes.

    Args:
        destination: Of the file.
        content: Its bytes, given the stamp.
        clock: What time it is, UTC without a zone.
    """
    ahead = dt.timedelta()
    while not destination.exists():
        began = clock()
        stamp = began + ahead
        with files.staged(destination, content(stamp)) as staged:
            if clock() <= stamp + YOUNG:
                files.link_if_absent(staged, destination)
                return
        ahead = 2 * (clock() - began)
