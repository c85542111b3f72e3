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
ASK = "from portfolio.caller import outer; print(outer(1.0), sum(outer.stats.cache_hits.values()))"


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
        value, kept = asked.stdout.split()
        return float(value), int(kept)

    assert answer("1.0") == (2.0, 0)
    assert answer("1.0") == (2.0, 1)
    assert answer("5.0") == (6.0, 0)
