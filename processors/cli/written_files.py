"""Files that a command is to write, looked at before its work, which may take hours: writing empties them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_written(read: Mapping[str, str | Path | None], written: Mapping[str, Path | None]) -> None:
    """Refuse a file that is named twice, lies in a folder that is read, or in none; devices and pipes may be.

    `read` may name what is no file: a preset, `-`, a topic. Raises UsageError, LifecycleError.
    """
    known = {Path(name).resolve(): option for option, name in read.items() if name is not None}
    for option, path in written.items():
        if path is None or (path.exists() and not path.is_file()):
            continue
        if (place := path.resolve()) in known:
            raise click.UsageError(f"{known[place]} and {option} name the same file.")
        if archive := next((known[one] for one in place.parents if one in known), None):
            raise click.UsageError(f"{option} lies in the folder of {archive}: write it elsewhere.")
        if not place.parent.is_dir():
            raise LifecycleError(f"{path}: there is no such folder.")
        known[place] = option
