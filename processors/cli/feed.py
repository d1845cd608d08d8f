"""What `publish` and the importers share: options, progress, rejects, checkpoint, closing line, exit code."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from processors.cli.feed_progress import FeedProgress
from processors.cli.feed_publish import publish_file
from processors.cli.written_files import check_written
from processors.feeds import checkpoint
from processors.feeds.lines import open_input
from processors.feeds.rejects import Rejects
from processors.feeds.transfer import NdjsonSink, Tally, transfer
from processors.publish import DeliveryError
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from processors.feeds.items import Item
    from processors.feeds.lines import Line

    Reader = Callable[[Iterator[Line]], Iterator[Item]]

INTERRUPTED = 130  # a shell's exit code for Ctrl-C


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The options of one run. `source`: a path, or `-`. `to`: `-` writes NDJSON instead of publishing.

    `beside`: what else is read, by option.
    """

    source: str
    rejects: Path | None
    allow_rejects: bool
    resume: bool
    as_json: bool
    to: str | None = None
    beside: Mapping[str, Path | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.resume and (self.source == "-" or self.to is not None):
            raise click.UsageError(
                "--resume goes on with publishing a file: it works with neither - nor --to."
            )
        if self.as_json and self.to is not None:
            raise click.UsageError("--json and --to - would both write to standard output.")
        check_written({"FILE": self.source, **self.beside}, {"--rejects": self.rejects_file})

    @property
    def rejects_file(self) -> Path:
        """Where refusals go: beside the file, or into the current folder when the input is a pipe."""
        return self.rejects or Path(f"{'stdin' if self.source == '-' else self.source}.rejects.ndjson")


def feed_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every feeding command has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output."),
        click.option("--resume", is_flag=True, help="Go on after the last line that was acknowledged."),
        click.option("--allow-rejects", is_flag=True, help="Exit with 0 although lines were refused."),
        click.option(
            "--rejects",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Refused lines with number and reason. Default: FILE.rejects.ndjson",
        ),
        click.argument(
            "source", metavar="FILE|-", type=click.Path(exists=True, dir_okay=False, allow_dash=True)
        ),
    ):
        command = option(command)
    return command


def run(feed: Feed, read: Reader) -> None:
    """Read, send, report, and end the process with the exit code that the outcome deserves."""
    tally, started = Tally(), time.monotonic()
    after = checkpoint.load(feed.source) if feed.resume else 0
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with (
        open_input(feed.source) as source,
        closing(Rejects(feed.rejects_file, append=feed.resume)) as rejects,
        FeedProgress(console, source, rejects, tally) as progress,
    ):
        items = progress.watch(item for item in read(source.lines) if item.line > after)
        code, stopped = _attempt(feed, items, progress, tally)
    if stopped:
        console.print(stopped, markup=False)
    _report(console, feed, tally, time.monotonic() - started)
    sys.exit(code or int(tally.refused > 0 and not feed.allow_rejects))


def _attempt(feed: Feed, items: Iterable[Item], progress: FeedProgress, tally: Tally) -> tuple[int, str]:
    """Transfer everything. Gives the exit code and why it stopped early, if it did."""
    try:
        if feed.to is None:
            publish_file(feed.source, items, progress, tally)
        else:
            transfer(items, NdjsonSink(out=sys.stdout.buffer), progress.refuse, tally)
    except KeyboardInterrupt:
        return INTERRUPTED, "Interrupted."
    except (DeliveryError, SchemaError) as error:
        return 1, f"Stopped: {error}"
    return 0, ""


def _report(console: Console, feed: Feed, tally: Tally, seconds: float) -> None:
    if feed.as_json:
        summary = {
            "lines": tally.line,
            "events": tally.events,
            "refused": tally.refused,
            "skipped": dict(tally.skipped.most_common()),
            "rejects": str(feed.rejects_file) if tally.refused else None,
        }
        click.echo(json.dumps(summary))
    verb = "Published" if feed.to is None else "Wrote"
    parts = [
        f"{verb} {tally.events:,} events in {seconds:.1f} s ({tally.events / max(seconds, 0.001):,.0f}/s)."
    ]
    if tally.skipped:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in tally.skipped.most_common())
        parts.append(f"Skipped {tally.skipped.total():,}: {counts}.")
    if tally.refused:
        parts.append(f"Refused {tally.refused:,}: see {feed.rejects_file}.")
    console.print("\n".join(parts), markup=False)
