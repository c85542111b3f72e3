"""Files that are either whole and durable or not there at all, whatever is killed."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def put_if_absent(destination: Path, content: bytes) -> bool:
    """Write ``content`` once: the first writer wins and later ones change nothing.

    Returns:
        Whether this call created the file.
    """
    with _staged(destination, content) as staged:
        try:
            os.link(staged, destination)  # unlike rename, never overwrites
        except FileExistsError:
            return False
    _sync_directory(destination.parent)
    return True


def replace(destination: Path, content: bytes) -> None:
    """Write or overwrite ``destination`` in one step; a reader sees the old or the new file, never a mix."""
    with _staged(destination, content) as staged:
        staged.replace(destination)
    _sync_directory(destination.parent)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _staged(destination: Path, content: bytes) -> Iterator[Path]:
    destination.parent.mkdir(parents=True, exist_ok=True)
    # DuckDB's globs match dotfiles too, so the suffix is what hides a leftover from every reader.
    staged = destination.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield staged
    finally:
        staged.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
