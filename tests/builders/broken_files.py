"""Broken lifecycle files: edits of `full.yaml` and the report each must give, kept in one text file.

A case is `=== its name`, then edits (`- ` lines are replaced by `+ ` lines), then the report.
`python -m tests.builders.broken_files` writes the reports anew; read every changed one before committing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from processors.lifecycle.definition.load import load
from processors.lifecycle_files import read_lifecycle

FILE = Path(__file__).parents[1] / "unit" / "definition" / "broken_files.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One broken file."""

    name: str
    edits: tuple[tuple[str, str], ...]
    report: str

    @property
    def text(self) -> str:
        text = read_lifecycle("full")[1].decode()
        for old, new in self.edits:
            if text.count(old) != 1:
                raise ValueError(f"{self.name}: {old!r} is there {text.count(old)} times")
            text = text.replace(old, new)
        return text

    @property
    def actual(self) -> str:
        return load(self.text.encode(), "full.yaml").report


def cases() -> list[Case]:
    sections = FILE.read_text("utf-8").removeprefix("=== ").split("\n=== ")
    return [_case(section.rstrip("\n").split("\n")) for section in sections]


def _case(lines: list[str]) -> Case:
    signs = [line[:2] if line[:2] in {"- ", "+ ", "+"} else "" for line in lines[1:]]
    end = signs.index("") if "" in signs else len(signs)
    blocks = [
        (sign, "\n".join(line[2:] for _, line in block))
        for sign, block in groupby(zip(signs[:end], lines[1:], strict=False), key=lambda pair: pair[0])
    ]
    edits = tuple((old, new) for (_, old), (_, new) in zip(blocks[::2], blocks[1::2], strict=True))
    return Case(name=lines[0], edits=edits, report="\n".join(lines[end + 1 :]))


def _written(case: Case) -> str:
    lines = [f"=== {case.name}"]
    for old, new in case.edits:
        lines += [f"- {line}" for line in old.split("\n")] + [f"+ {line}" for line in new.split("\n")]
    return "\n".join([*lines, case.actual])


if __name__ == "__main__":
    FILE.write_text("\n".join([_written(case) for case in cases()]) + "\n", "utf-8")
