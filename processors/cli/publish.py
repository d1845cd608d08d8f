"""`stageline publish`: events from a file or a pipe into Kafka."""

from __future__ import annotations

from typing import Any

import click

from processors.cli.feed import Feed, feed_options, run
from processors.feeds.transfer import read_ndjson


@click.command()
@feed_options
def publish(**options: Any) -> None:  # noqa: ANN401 - the options that `Feed` names
    """Publish events, one JSON object per line (plain or gzip), from FILE or standard input.

    Lines that cannot be read are refused with their number and reason and kept in the rejects file.
    Publishing a file again is harmless: an event id that a contact has had is not applied a second time.
    Ctrl-C stops cleanly; --resume goes on from there.
    """
    run(Feed(**options), read_ndjson)
