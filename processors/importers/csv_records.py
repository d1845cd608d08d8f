"""The rows of a CSV file, each with its first line's number and its own bytes, whatever is wrong with it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.strict_yaml.problem import nearest
from schemas.errors import LifecycleError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.feeds.lines import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row as it stood: its first line, its cells (None: not CSV), its bytes, what is wrong with it."""

    line: int
    cells: list[str] | None
    original: bytes
    problem: str = ""

    def under(self, header: list[str]) -> dict[str, str]:
        """Give the cells by column name. Raises SchemaError when the row is not one of this table."""
        if self.cells is None:
            raise SchemaError(self.problem)
        if len(self.cells) != len(header):
            raise SchemaError(f"{len(self.cells)} cells under {len(header)} column names.")
        return dict(zip(header, self.cells, strict=True))


def read_records(lines: Iterable[Line], encoding: str, delimiter: str) -> Iterator[Record]:
    """Split lines into rows; a row in quotes may span several lines."""
    taken: list[Line] = []
    reader = csv.reader(_texts(lines, taken, encoding), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        cells, problem = None, ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"not CSV: {str(error).partition(' - ')[0]}."  # then comes advice to programmers
        if not all(line.whole for line in taken):
            cells, problem = None, "the line is longer than 4 MiB; this is a piece of it."
        original = b"".join(line.data for line in taken)
        yield Record(line=taken[0].number, cells=cells, original=original, problem=problem)


def _texts(lines: Iterable[Line], taken: list[Line], encoding: str) -> Iterator[str]:
    """Decode lines, noting each in `taken`. Bytes that do not fit become surrogates, see `_fill`."""
    for line in lines:
        taken.append(line)
        yield line.data.decode(encoding, errors="surrogateescape")


def read_header(record: Record | None, needed: Iterable[str], delimiter: str) -> list[str]:
    """Read the column names from the first row.

    Raises LifecycleError when a needed one is missing or stands there twice.
    """
    if record is None or not record.cells:
        raise LifecycleError(f"no column names: {record.problem if record else 'the input is empty.'}")
    names = [name.removeprefix("\ufeff").strip() for name in record.cells]
    for name in needed:
        if name not in names:
            raise LifecycleError(
                f"the map has a column {name!r}, the file has not: {nearest(name, names)} "
                f"(its columns are split at {delimiter!r}; --delimiter changes that)."
            )
        if names.count(name) > 1:
            raise LifecycleError(
                f"column {name!r} stands twice in the file's first line: rename one of them."
            )
    return names
