"""Where a recorded history comes from: an archive; a topic is archived first."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from processors.archive.folder import open_archive
from processors.archive.locks import reading
from processors.archive.writer import BY_MEMORY
from processors.event_loop import complete
from processors.replay.passing_folder import passing_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.archive.folder import Archive

    Progress = Callable[[int, int, int], None]

TOPIC = "topic"


def is_archive(events: str) -> bool:
    """Tell whether it is an archive, or becomes one: the topic, or a folder."""
    return events == TOPIC or Path(events).is_dir()


@contextmanager
def open_history(events: str, bootstrap: str, progress: Progress) -> Iterator[Archive]:
    """Open an archive, or archive the topic as it is now into a folder that is removed afterwards."""
    if events != TOPIC:
        open_archive(Path(events))  # raises, and leaves nothing there, where there is none
        with reading(Path(events)):
            yield open_archive(Path(events))
        return
    from processors.archive.follow import follow  # noqa: PLC0415 - aiokafka takes a while to import

    with passing_folder("stageline-topic-") as root:
        complete(follow(bootstrap, root, BY_MEMORY, stop=asyncio.Event(), once=True, progress=progress))
        yield open_archive(root)
