"""``riskparity warehouse``: check, compact, prune, backup and restore the state folder."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

from config.settings import home
from flows import screens
from schemas.errors import DataError
from warehouse import backup as copies
from warehouse import compaction, retention
from warehouse.check import check as verified

SHOWN = 30
"""Files a table shows at most; --json has all."""


def check(*, as_json: bool) -> int:
    """Verify every checksum and schema; the exit code is that of unusable data when something is wrong."""
    found = verified(home())
    if as_json:
        findings = [finding._asdict() for finding in found.findings]
        screens.answer(
            json.dumps({"files": found.files, "sound": found.sound, "findings": findings}, indent=2)
        )
    else:
        _few("Findings", ["", "file or run", ""], found.findings)
        counts = Counter(finding.kind for finding in found.findings)
        summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        screens.answer(f"{found.files:,} files checked: {summary or 'all as they were written'}.")
    return 0 if found.sound else DataError.exit_code


def compact(*, dry_run: bool, as_json: bool) -> int:
    """Merge small files of bars."""
    done = compaction.compact(home(), dry_run=dry_run)
    if as_json:
        screens.answer(json.dumps(done._asdict(), indent=2))
        return 0
    would = "would be " if dry_run else ""
    for into, sources in done.merged.items():
        screens.answer(f"{len(sources)} files of bars {would}merged into {into}.")
    if not done.merged:
        screens.answer("There is nothing to merge.")
    if done.removed:
        screens.answer(f"{len(done.removed)} files that were merged a day ago or earlier {would}removed.")
    return 0


def prune(*, older_than: int, decisions: bool, dry_run: bool, as_json: bool) -> int:
    """Remove what need not be kept."""
    removed = retention.prune(
        home(), older_than=dt.timedelta(days=older_than), decisions=decisions, dry_run=dry_run
    )
    if as_json:
        screens.answer(json.dumps([row._asdict() for row in removed], indent=2))
        return 0
    _few("Files", ["file", "bytes", "why"], [(row.uri, f"{row.bytes:,}", row.why) for row in removed])
    verb = "would be removed" if dry_run else "removed"
    screens.answer(f"{len(removed)} files, {sum(row.bytes for row in removed):,} bytes {verb}.")
    if removed and not dry_run:
        screens.talk("What was removed is noted in pruned.jsonl, with checksums.")
    return 0


def backup(to: Path, *, as_json: bool) -> int:
    """Copy the state folder."""
    return _copied("backed up to", to, copies.backup(home(), to), as_json=as_json)


def restore(backed_up: Path, *, as_json: bool) -> int:
    """Bring a backup back."""
    copied = copies.restore(backed_up, home())
    screens.talk("A loopback exchange will draw new keys: its clients find them in exchange.json.")
    return _copied("restored to", home(), copied, as_json=as_json)


def _copied(verb: str, to: Path, copied: copies.Copied, *, as_json: bool) -> int:
    if as_json:
        screens.answer(json.dumps({"folder": str(to), **copied._asdict()}))
    else:
        screens.answer(f"{copied.files:,} files, {copied.bytes:,} bytes {verb} {to}.")
    return 0


def _few(title: str, columns: list[str], cells: list[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> None:
    if cells:
        screens.rows(title, columns, cells[:SHOWN])
    if len(cells) > SHOWN:
        screens.talk(f"... and {len(cells) - SHOWN} more; --json lists all.")
