"""Text of a cell to the value that an event field wants."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

YES = frozenset({"true", "yes", "y", "1", "x"})
NO = frozenset({"false", "no", "n", "0"})
_INTEGER = re.compile(r"[-+]?\d{1,19}", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d{1,18}(\.\d{1,18})?", re.ASCII)


def read_cell(cell: str, kind: str, decimal: str) -> Any:  # noqa: ANN401 - what the field wants
    """Read a cell that is not empty. `decimal` is the decimal mark; the other one groups thousands.

    Raises ValueError saying what is wrong.
    """
    if kind in {"integer", "number"}:
        return _number(cell, kind, decimal)
    if kind == "boolean":
        return _boolean(cell)
    if kind == "enum":
        return cell.lower().replace(" ", "_")
    if kind == "timestamp":
        return int(cell) if _INTEGER.fullmatch(cell) else cell
    return cell


def _number(cell: str, kind: str, decimal: str) -> int | Decimal:
    """Read `1.234,50` or `1,234.50`; spaces group thousands too."""
    group = "." if decimal == "," else ","
    plain = re.sub(rf"(?<=\d)[{re.escape(group)}\s](?=\d{{3}}(?!\d))", "", cell.strip()).replace(decimal, ".")
    if kind == "integer" and _INTEGER.fullmatch(plain):
        return int(plain)
    if kind == "number" and _NUMBER.fullmatch(plain):
        return Decimal(plain)
    raise ValueError(f"{cell[:40]!r} is not a {'whole ' if kind == 'integer' else ''}number")


def _boolean(cell: str) -> bool:
    if cell.lower() in YES:
        return True
    if cell.lower() in NO:
        return False
    raise ValueError(f"{cell[:40]!r} is neither yes nor no")
