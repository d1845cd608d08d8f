"""`stageline import`: events out of a web server's log or a CRM's export."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from processors.cli.feed import Feed, feed_options, run
from processors.feeds.lines import open_input
from processors.importers.access_log import Site, newest, read_log
from processors.importers.csv_file import read_csv
from processors.importers.csv_map import load_map
from processors.importers.path_rules import NO_RULES, load_rules
from processors.importers.referrers import host_of, split
from processors.importers.visitors import load_key
from processors.settings import load_settings
from schemas.times import to_ms

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
to_stdout = click.option(
    "--to", type=click.Choice(["-"]), help="Write NDJSON to standard output, do not publish."
)


@click.group(name="import")
def import_() -> None:
    """Import events from other systems."""


class _Moment(click.ParamType):
    """`now`, or a time with its zone. Gives ms, UTC."""

    name = "TIME|now"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's signature
        try:
            moment = datetime.now(UTC) if value == "now" else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time: write 2026-03-01T09:30:00Z or now.", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no time zone: end it with Z or an offset such as +01:00.", param, ctx)
        return to_ms(moment)


class _Site(click.ParamType):
    """An address that paths are put behind: without scheme and host no path of a lifecycle would match."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's signature
        found = split(value)
        if value and (found.scheme.lower() not in {"http", "https"} or not found.hostname):
            self.fail(f"{value!r} is not the address of a site: write https://www.example.com.", param, ctx)
        if found.query or found.fragment:
            self.fail(f"{value!r}: leave out what follows '?' or '#'.", param, ctx)
        return str(value)


@import_.command(name="access-log")
@feed_options
@to_stdout
@click.option("--site", "url", default="", type=_Site(), help="Address of the site, put before each path.")
@click.option("--rules", "rules_file", type=EXISTING, help="YAML: which paths are pages, downloads, content.")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Key of the visitor ids, made when missing. Default: visitor.key in STAGELINE_HOME.",
)
@click.option("--shift-to", type=_Moment(), help="Move all times so that the newest request falls on TIME.")
def access_log(
    url: str,
    rules_file: Path | None,
    key_file: Path | None,
    shift_to: int | None,
    **options: Any,  # noqa: ANN401 - the options that `Feed` names
) -> None:
    """Import a web server's log (combined format, plain or gzip): page views, downloads, content views.

    Each visitor (address and browser) becomes an anonymous contact under a keyed hash: no address leaves this
    command. Bots, assets and failed requests are skipped and counted. Importing a log again is harmless: the
    same line gives the same event id.
    """
    key_file = key_file or load_settings().home / "visitor.key"
    feed = Feed(**options, beside={"--rules": rules_file, "--key-file": key_file})
    site = Site(
        key=load_key(key_file),
        url=url.rstrip("/"),
        host=host_of(url),
        rules=load_rules(rules_file) if rules_file else NO_RULES,
        shift_ms=0 if shift_to is None else _shift(feed.source, shift_to),
    )
    run(feed, lambda lines: read_log(lines, site))


@import_.command(name="csv")
@feed_options
@to_stdout
@click.option("--map", "map_file", type=EXISTING, required=True, help="YAML: what each column is.")
@click.option("--encoding", help="Encoding of the file, instead of the map's.")
@click.option("--delimiter", help="What separates the columns, instead of the map's.")
def csv(map_file: Path, encoding: str | None, delimiter: str | None, **options: Any) -> None:  # noqa: ANN401 - the options that `Feed` names
    """Import a CSV export of a CRM by a map: contact, time, event type and fields per column.

    Rows that cannot be read are refused whole, with line, reason and their own text. A row without a mapped
    event id gets one from its content, so importing a file again is harmless.
    """
    given = {"encoding": encoding, "delimiter": delimiter}
    map_ = load_map(map_file, **{name: value for name, value in given.items() if value is not None})
    feed = Feed(**options, beside={"--map": map_file})
    run(feed, lambda lines: read_csv(lines, map_))


def _shift(source: str, to: int) -> int:
    """Find by how much to move the times. Reads the whole log once."""
    if source == "-":
        raise click.UsageError("--shift-to reads the log twice: give it a file, not -.")
    with open_input(source) as log:
        latest = newest(log.lines)
    return 0 if latest is None else to - latest
