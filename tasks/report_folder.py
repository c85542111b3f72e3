"""The folder of a report: ``output/<strategy>/<what it is of>/`` below the state folder."""

from __future__ import annotations

from collections.abc import Mapping

from warehouse import Warehouse, files


def write_report_folder(store: Warehouse, strategy: str, of: str, contents: Mapping[str, bytes]) -> str:
    """Replace each file of a report.

    Args:
        store: Whose state folder it is in.
        strategy: The strategy reported on.
        of: backtest, sweep or stress.
        contents: The files by their name relative to the folder, ``report.html`` among them.

    Returns:
        The page's path relative to the state folder.
    """
    folder = store.root / "output" / strategy / of
    for name, content in contents.items():
        files.replace(folder / name, content)
    return (folder / "report.html").relative_to(store.root).as_posix()
