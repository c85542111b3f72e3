"""Machine code for the inner loops of the numerics."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])

_REORDERING = {"reassoc", "contract", "arcp", "nsz"}
"""Sums may be reordered, so that they use the processor's vector units. The blanket ``fastmath=True`` would
also let the compiler assume that there is no NaN and no infinity, and drop the guards against them."""


def compiled(function: F) -> F:
    """Compile at the first call with each set of types, and keep the machine code beside the module.

    Numba notices a changed module, but not a changed function that it calls from another module, and would go
    on with old machine code after an update. So the kept code is valid for these very sources only. Where nothing can be
    written, neither beside the module nor in the user's cache, every process compiles anew.
    """
    dispatcher: Any = numba.njit(error_model="numpy", fastmath=_REORDERING)(function)
    with suppress(RuntimeError, AttributeError):  # AttributeError: NUMBA_DISABLE_JIT, for a debugger
        dispatcher.enable_caching()
        dispatcher._cache._cache_file._source_stamp = _sources()  # noqa: SLF001  # numba offers no other way
    return cast("F", dispatcher)


def is_kept(function: Callable[..., object]) -> bool:
    """Whether machine code of a compiled function is at hand, so that its first call will not take long."""
    dispatcher = cast("Any", function)
    kept = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    return bool(getattr(dispatcher, "signatures", True)) or (kept is not None and bool(kept._load_index()))  # noqa: SLF001


@cache
def _sources() -> str:
    """A digest of all modules with compiled functions; they all stand in this room."""
    digest = hashlib.sha256()
    for module in sorted(files("portfolio").iterdir(), key=lambda module: module.name):
        source = module.read_bytes() if module.name.endswith(".py") else b""
        if b"@compiled" in source:
            digest.update(source)
    return digest.hexdigest()
