"""What is wrong with a file, where, and what to write instead: one `Problem` per mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN = 100  # columns of a source line that a report shows: fits a terminal beside the line number


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """`line` and `column` count from 1; `width` is how many characters the caret marks.

    `example`: a counter-example, one step a line.
    """

    line: int
    column: int
    message: str
    remedy: str
    width: int = 1
    example: tuple[str, ...] = ()


def refuse(message: str, remedy: str, *path: str) -> PydanticCustomError:
    """Make a model's error that becomes a problem with a remedy; `path` leads on to the key that is wrong."""
    return PydanticCustomError("refused", "{message}", {"message": message, "remedy": remedy, "path": path})


def nearest(word: object, known: Iterable[object]) -> str:
    """Say `did you mean …?`, or list what there is; empty when nothing is declared."""
    names = sorted(set(map(str, known)))
    close = get_close_matches(str(word), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"there is: {shown}"


def render(problems: Sequence[Problem], *, name: str, text: str) -> str:
    """Make the report a person reads, in order of position."""
    lines = lines_of(text)
    return "\n".join(_render_one(problem, name, lines) for problem in sorted(problems))


def lines_of(text: str) -> list[str]:
    """Split as YAML does, which knows fewer line breaks than Python."""
    return re.split("\r\n|[\n\r\x85\u2028\u2029]", text)


def _render_one(problem: Problem, name: str, lines: Sequence[str]) -> str:
    source = lines[problem.line - 1] if problem.line <= len(lines) else ""
    shown, column = _excerpt(source, problem.column)
    gutter = f"{problem.line:>5} | "
    carets = "^" * max(1, min(problem.width, len(shown) - column + 1))
    parts = [
        f"{name}:{problem.line}:{problem.column}: {problem.message}",
        f"{gutter}{shown}",
        f"{'| ':>8}{' ' * (column - 1)}{carets}",
    ]
    if problem.remedy:
        parts.append(f"{'= ':>8}{problem.remedy}")
    if problem.example:
        parts.append(f"{'= ':>8}for example:")
        parts += [f"{'':>10}{i}. {step}" for i, step in enumerate(problem.example, start=1)]
    return "\n".join(parts)


def _excerpt(line: str, column: int) -> tuple[str, int]:
    """Cut a long line to what stands around the column; the column within the excerpt comes back with it."""
    if len(line) <= SHOWN:
        return line.replace("\t", " "), column
    start = max(0, min(column - SHOWN // 2, len(line) - SHOWN))
    shown = line[start : start + SHOWN]
    head, tail = "…" if start else "", "…" if start + SHOWN < len(line) else ""
    return f"{head}{shown}{tail}".replace("\t", " "), column - start + len(head)
