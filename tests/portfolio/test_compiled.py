"""Machine code is kept between processes, but never longer than the sources it was made from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import portfolio.compiled

CALLEE = "from portfolio.compiled import compiled\n@compiled\ndef inner(x):\n    return x + {}\n"
CALLER = (
    "from portfolio.compiled import compiled\nfrom portfolio.callee import inner\n"
    "@compiled\ndef outer(x):\n    return inner(x)\n"
)
ASK = (
    "from portfolio.compiled import is_kept\nfrom portfolio.caller import outer\n"
    "kept = is_kept(outer)\nprint(outer(1.0), kept, sum(outer.stats.cache_hits.values()))"
)


def test_a_change_in_a_called_module_is_noticed(tmp_path):
    """The caller's own module stays the same, which is all that numba looks at by itself."""
    room = tmp_path / "portfolio"
    room.mkdir()
    (room / "__init__.py").touch()
    shutil.copy(Path(portfolio.compiled.__file__), room)
    (room / "caller.py").write_text(CALLER)

    def answer(constant):
        (room / "callee.py").write_text(CALLEE.format(constant))
        asked = subprocess.run(
            [sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        value, kept, hits = asked.stdout.split()
        assert kept == str(hits == "1")
        return float(value), int(hits)

    assert answer("1.0") == (2.0, 0)
    assert answer("1.0") == (2.0, 1)
    assert answer("5.0") == (6.0, 0)


def test_where_nothing_can_be_written_it_compiles_all_the_same(tmp_path):
    """An installation without write permission, run by a user without a home."""
    room = tmp_path / "portfolio"
    room.mkdir()
    (room / "__init__.py").touch()
    shutil.copy(Path(portfolio.compiled.__file__), room)
    (room / "callee.py").write_text(CALLEE.format("1.0"))
    ask = (
        "import numba.core.caching as caching\n"
        "caching.CacheImpl._locator_classes = []\n"  # what numba finds where nothing can be written
        "from portfolio.compiled import is_kept\nfrom portfolio.callee import inner\n"
        "print(is_kept(inner), inner(1.0), is_kept(inner))"
    )
    asked = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == ["False", "2.0", "True"]
