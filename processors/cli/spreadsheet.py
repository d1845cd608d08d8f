"""CSV that people open in a spreadsheet, though what is in it came from strangers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so


def write_csv(out: TextIO, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a line for each row; an apostrophe before text that a spreadsheet would take for a formula."""
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_plain(cell) for cell in row] for row in rows)


def _plain(cell: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
