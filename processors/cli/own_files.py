"""Files that a command writes must be none of those it reads: opening one to write empties it."""

from __future__ import annotations

from pathlib import Path

import click


def refuse_shared(read: dict[str, str | None], written: dict[str, Path | None]) -> None:
    """Refuse a file that is named twice, by the options given; devices and pipes may be.

    `read` may name what is no file: a preset, `-`, a topic. Raises UsageError.
    """
    known: dict[Path, str] = {}
    for option, name in (*read.items(), *written.items()):
        path = None if name is None else Path(name).resolve()
        if path is None or (path.exists() and not path.is_file()):
            continue
        if option in written and path in known:
            raise click.UsageError(f"{known[path]} and {option} name the same file.")
        known[path] = option
