"""A copy of the state folder, made while it is in use, that is a state folder itself."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from schemas.artifacts import MARKERS
from schemas.errors import ConfigError, DataError
from warehouse import files
from warehouse.catalogue import CATALOGUE, folder, publish
from warehouse.lock import housekeeping
from warehouse.version import code_version

LIST = "backup.json"
"""Names the files of a backup with their checksums; written last."""
# The catalogue is derived; locks, logs of SQLite and drafts are of the moment. An exchange's address would lead
# two state folders to one exchange: a restored one draws new keys.
_LEFT_OUT = (
    f"{CATALOGUE}*",
    ".warehouse.sha256",
    "*.lock",
    "*.tmp",
    "*-wal",
    "*-shm",
    "exchange.json*",
    LIST,
)
_SQLITE = b"SQLite format 3\x00"


class Copied(NamedTuple):
    """How much was copied."""

    files: int
    bytes: int


def backup(root: Path, to: Path) -> Copied:
    """Copy the state folder to ``to``, which must not exist; runs and readers go on meanwhile.

    Markers are listed first and copied last, so a run is in the backup with everything it wrote or not at all.
    Databases are copied as of one moment, after the artifacts: no order is known to them that was not meant.

    Raises:
        ConfigError: ``to`` exists, or lies in the state folder.
        DataError: A database is damaged.
        GuardRefusal: Another housekeeping command is at work.
    """
    _require_free(root, to)
    partial = to.with_name(f".{to.name}.{uuid.uuid4().hex}.partial")
    with housekeeping(root):
        markers = [path for name in MARKERS for path in folder(root, name).glob("run_date=*/*")]
        later = {path.parent.parent for path in markers}
        rest = [path for path in _files(root) if path.parent.parent not in later]
        databases = [path for path in rest if _is_database(path)]
        plain = [path for path in rest if path not in set(databases)]
        try:
            for path in (*plain, *markers, *databases):
                _copy(path, partial / path.relative_to(root), database=path in databases)
            _seal(partial)
            partial.rename(to)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return _size(_files(to))


def restore(backed_up: Path, root: Path) -> Copied:
    """Make ``root``, which must be empty or missing, the state folder that was backed up.

    Raises:
        ConfigError: This is no whole backup, or ``root`` holds something.
        DataError: A file of the backup is missing or altered; nothing is restored.
    """
    wanted = _listed(backed_up)
    if root.exists() and any(root.iterdir()):
        raise ConfigError(
            "The state folder is not empty; nothing was restored",
            figures={"state folder": root},
            remedy="Move it away first, or set RISKPARITY_HOME to a new folder: nothing is ever written over.",
        )
    _require_whole(backed_up, wanted)
    partial = root.with_name(f".{root.name}.{uuid.uuid4().hex}.partial")
    try:
        for uri in wanted:
            _copy(backed_up / uri, partial / uri, database=False)
        partial.replace(root)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    publish(root)
    return _size(root / uri for uri in wanted)


def _require_free(root: Path, to: Path) -> None:
    if to.exists() or to.resolve().is_relative_to(root.resolve()):
        raise ConfigError(
            "A backup goes to a new folder outside the state folder",
            figures={"given": to, "state folder": root},
            remedy="Name one that does not exist yet: riskparity warehouse backup FOLDER",
        )


def _files(root: Path) -> list[Path]:
    paths = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in paths if not any(fnmatch(path.name, pattern) for pattern in _LEFT_OUT)]


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except FileNotFoundError:
        return False


def _copy(source: Path, to: Path, *, database: bool) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if database:
        _copy_database(source, to)
        return
    try:
        shutil.copy2(source, to)
    except FileNotFoundError:
        if source.suffix == ".parquet":
            raise
        # a file of the moment, gone before it could be copied


def _copy_database(source: Path, to: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as book,
            closing(sqlite3.connect(to)) as copy,
        ):
            book.backup(copy)
    except sqlite3.Error as error:
        raise DataError(
            f"{source.name} cannot be copied, so there is no backup",
            figures={"reason": error},
            remedy="End what holds it, or mend it from an older backup; then back up again.",
        ) from None
    shutil.copymode(source, to)


def _seal(partial: Path) -> None:
    """The list of what the backup holds, once all of it is on the disk."""
    listed = {path.relative_to(partial).as_posix(): files.sha256_of(path) for path in _files(partial)}
    os.sync()
    content = {
        "made_at": dt.datetime.now(dt.UTC).isoformat(),
        "code_version": code_version(),
        "files": listed,
    }
    files.replace(partial / LIST, json.dumps(content, indent=1).encode())


def _listed(backed_up: Path) -> dict[str, str]:
    try:
        listed: dict[str, str] = json.loads((backed_up / LIST).read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            "This is no whole backup",
            figures={"folder": backed_up, "needed": LIST},
            remedy="Name a folder that `riskparity warehouse backup` made.",
        ) from None
    return listed


def _require_whole(backed_up: Path, wanted: dict[str, str]) -> None:
    gone = [uri for uri in wanted if not (backed_up / uri).is_file()]
    altered = [
        uri
        for uri, sha256 in wanted.items()
        if uri not in gone and files.sha256_of(backed_up / uri) != sha256
    ]
    if gone or altered:
        raise DataError(
            "The backup is damaged; nothing was restored",
            figures={"missing": ", ".join(gone) or "none", "altered": ", ".join(altered) or "none"},
            remedy="Take another backup.",
        )


def _size(paths: Iterable[Path]) -> Copied:
    sizes = [path.stat().st_size for path in paths]
    return Copied(len(sizes), sum(sizes))
