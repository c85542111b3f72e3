"""Files that are either whole and durable or not there at all, whatever is killed."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import ConfigError


def put_if_absent(destination: Path, content: bytes) -> bool:
    """Write ``content`` once: the first writer wins and later ones change nothing.

    Returns:
        Whether this call created the file.
    """
    with staged(destination, content) as aside:
        return link_if_absent(aside, destination)


def link_if_absent(aside: Path, destination: Path) -> bool:
    """Give a durable file its name, unless another has it; returns whether this one got it."""
    try:
        os.link(aside, destination)  # unlike rename, never overwrites
    except FileExistsError:
        return False
    _sync_directory(destination.parent)
    return True


def replace(destination: Path, content: bytes) -> None:
    """Write or overwrite ``destination`` in one step; a reader sees the old or the new file, never a mix."""
    with staged(destination, content) as aside:
        aside.replace(destination)
    _sync_directory(destination.parent)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def staged(destination: Path, content: bytes) -> Iterator[Path]:
    """A durable file beside ``destination``, under a name that no reader looks at; gone afterwards unless it was renamed."""
    # DuckDB's globs match dotfiles too, so the suffix is what hides a leftover from every reader.
    aside = destination.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        _write(aside, content)
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigError(
            f"The state folder cannot be written: {error.strerror}",
            figures={"folder": path.parent},
            remedy="Make room, or mend its permissions; `riskparity doctor` looks at both. Then retry, or run the same again: "
            "it goes on where it stopped and sends no order twice.",
        ) from error


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
