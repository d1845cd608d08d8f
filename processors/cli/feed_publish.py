"""Publishing a feed, with a checkpoint kept beside its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.feeds import checkpoint
from processors.feeds.transfer import Tally, transfer
from processors.publish import Publisher
from processors.settings import load_settings
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.cli.feed_progress import FeedProgress
    from processors.feeds.items import Item


def publish_file(source: str, items: Iterable[Item], progress: FeedProgress, tally: Tally) -> None:
    """Publish everything; `tally.events` is then what was acknowledged. `source` is a path, or `-`."""
    with Publisher(load_settings().bootstrap_servers) as publisher:
        keep = _Keeper(source, publisher, tally)
        progress.each_second = keep.save
        try:
            try:
                transfer(items, publisher, progress.refuse, tally)
            finally:  # whatever stopped it: what is on the way is waited for
                publisher.flush()
        except BaseException:
            keep.save()
            raise
        finally:
            tally.events = publisher.acknowledged
        keep.clear()


class _Keeper:
    """Keeps the checkpoint of a file; does nothing for a pipe."""

    def __init__(self, source: str, publisher: Publisher, tally: Tally) -> None:
        self._source = None if source == "-" else source
        self._publisher = publisher
        self._tally = tally

    def save(self) -> None:
        if self._source is not None and self._tally.line > 0:  # nothing sent: an earlier checkpoint stands
            try:
                checkpoint.save(self._source, self._publisher.done_before(self._tally.line))
            except OSError as error:
                raise LifecycleError(
                    f"checkpoint {checkpoint.beside(self._source)}: {error.strerror}. "
                    "Copy the file to a folder that can be written to, or pipe it in."
                ) from None

    def clear(self) -> None:
        if self._source is not None:
            checkpoint.clear(self._source)
