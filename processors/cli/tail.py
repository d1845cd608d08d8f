"""`stageline tail`: stage changes and hand-offs, or moves of companies, as they happen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from processors.cli.words import headline, moment, points
from processors.settings import load_settings
from projections.log import Log, LogAwayError, LogMovedError, open_log
from projections.views.contact import when
from schemas.codec import decode_trusted
from schemas.errors import LifecycleError, SchemaError
from schemas.topics import COMPANY_CHANGED, MQL_HANDOFF, STAGE_CHANGED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOPICS = (STAGE_CHANGED.name, MQL_HANDOFF.name)
POLL_MS = 500
BATCH = 2_000


@click.command()
@click.option("-n", "last", default=10, show_default=True, type=click.IntRange(0), help="Start with so many.")
@click.option("--from-beginning", is_flag=True, help="Start with all there are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--follow/--no-follow", default=True, help="Go on with new ones.  [default: follow]")
@click.option("--companies", is_flag=True, help="Moves of companies instead.")
def tail(last: int, *, from_beginning: bool, as_json: bool, follow: bool, companies: bool) -> None:
    """Print stage changes and hand-offs, the last ones first and then each as it happens. Ctrl-C ends it."""
    show = _as_json if as_json else _as_line(Console(soft_wrap=True, highlight=False))
    try:
        topics = (COMPANY_CHANGED.name,) if companies else TOPICS
        log = open_log(load_settings().bootstrap_servers, topics)
    except LogAwayError as error:
        raise LifecycleError(str(error)) from error
    try:
        _print(log, show, None if from_beginning else last, follow=follow)
    except LogMovedError as error:
        raise LifecycleError(f"The topics can no longer be read ({error}). Start again.") from error
    except KeyboardInterrupt:
        return
    finally:
        log.close()


def _print(log: Log, show: Callable[[dict[str, Any]], None], last: int | None, *, follow: bool) -> None:
    log.seek_back(last)
    for change in _until_end(log) if last is None else _last(log, last):
        show(change)
    while follow:
        for change in _next(log):
            show(change)


def _until_end(log: Log) -> Iterator[dict[str, Any]]:
    while not log.at_end():
        yield from _next(log)


def _last(log: Log, most: int) -> list[dict[str, Any]]:
    """Return the newest changes of all partitions, in the order in which they happened."""
    found = sorted(_until_end(log), key=when)
    return found[max(0, len(found) - most) :]


def _next(log: Log) -> Iterator[dict[str, Any]]:
    for part in log.poll(POLL_MS, BATCH):
        for offset, value in part.records:
            try:
                yield decode_trusted(value)
            except SchemaError as error:
                click.echo(f"{part.partition} offset {offset} is not an output: {error}", err=True)


def _as_json(change: dict[str, Any]) -> None:
    click.echo(json.dumps(change, ensure_ascii=False))


def _as_line(console: Console) -> Callable[[dict[str, Any]], None]:
    def show(change: dict[str, Any]) -> None:
        if change["record"] == "company_stage_changed":
            said = f"by {change['contact_id']}{', by deals' if change['by_deals'] else ''}"
            whose, what = (change["company_id"], "bold"), (headline(change), "green")
            console.print(
                Text.assemble((moment(change["at"]), "dim"), "  ", whose, "  ", what, "  ", (said, "dim"))
            )
            return
        console.print(
            Text.assemble(
                (moment(change["at"]), "dim"),
                "  ",
                (change["contact_id"], "bold"),
                "  ",
                (headline(change), "green" if change["record"] == "stage_changed" else "cyan"),
                f"  score {points(change['score'].get('total'))}  ",
                (change["why"]["summary"], "dim"),
            )
        )

    return show
