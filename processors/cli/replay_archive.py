"""`stageline replay` of an archive or the topic."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from processors.cli.archive_work import archive_work
from processors.replay.parts import part_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from processors.lifecycle.plan import Plan
    from processors.replay.summary import Tally


def replay_archive(plan: Plan, events: str, options: dict[str, Any]) -> Tally:
    """Replay a folder or the topic, and write the files that are wanted; gives what it came to."""
    changes, states = options["changes"], options["states"]
    with archive_work(events, jobs=options["jobs"], resume=options["resume"]) as work:
        job, tally = work.replay(
            plan,
            as_of=options["as_of"],
            anew=options["anew"],
            changes=changes is not None,
            states=states is not None,
        )
        _collect(changes, part_files(job, "changes", work.archive.manifests))
        _collect(states, part_files(job, "states", work.archive.manifests))
    return tally


def _collect(into: Path | None, parts: Iterable[Path]) -> None:
    """Put the partitions' files together, one after the other."""
    if into is None:
        return
    with into.open("wb") as out:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, out)
