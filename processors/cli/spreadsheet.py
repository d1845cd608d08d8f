"""CSV that people open in a spreadsheet, though what is in it came from strangers."""

from __future__ import annotations

import csv
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so


def write_csv(out: TextIO, kind: type, rows: Iterable[Any]) -> None:
    """Write a line for each row, a dataclass of that kind, below the names of its fields.

    An apostrophe comes before text that a spreadsheet would take for a formula.
    """
    names = [one.name for one in fields(kind)]
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([_plain(getattr(row, name)) for name in names] for row in rows)


def _plain(cell: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
