"""Files that a command is to write, looked at before its work, which may take hours: writing empties them."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.errors import LifecycleError


def check_written(read: dict[str, str | None], written: dict[str, Path | None]) -> None:
    """Refuse a file that is named twice, or has no folder, by the options given; devices and pipes may be.

    `read` may name what is no file: a preset, `-`, a topic. Raises UsageError, LifecycleError.
    """
    known = {Path(name).resolve(): option for option, name in read.items() if name is not None}
    for option, path in written.items():
        if path is None or (path.exists() and not path.is_file()):
            continue
        if (place := path.resolve()) in known:
            raise click.UsageError(f"{known[place]} and {option} name the same file.")
        if not place.parent.is_dir():
            raise LifecycleError(f"{path}: there is no such folder.")
        known[place] = option
