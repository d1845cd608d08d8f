"""`stageline schema`: the contracts of events and outputs, for publishers, subscribers and CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from processors.lifecycle.definition.editor import editor_schema
from schemas.compatibility import digest, problems
from schemas.errors import SchemaError
from schemas.events import FOLDER, RECORDS, read_records, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.events import Record

LOCK = "released.json"
_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(str(FOLDER)),
    show_default="the package's own",
    help="Folder of the .avsc files.",
)


@click.group(invoke_without_command=True)
@click.pass_context
def schema(context: click.Context) -> None:
    """Show and check the contracts of events and outputs.

    Without a command it prints the JSON Schema of lifecycle files, as `editor` does.
    """
    if context.invoked_subcommand is None:
        click.echo(editor_schema(), nl=False)


@schema.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_(*, as_json: bool) -> None:
    """List every record with its version, role and fingerprint."""
    if as_json:
        for record in RECORDS:
            click.echo(json.dumps(_facts(record)))
        return
    table = Table("record", "role", "fingerprint", "meaning", box=None)
    for record in RECORDS:
        table.add_row(str(record), record.role, record.fingerprint.hex(), record.schema["doc"])
    Console().print(table)


@schema.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the .avsc of NAME: a record (its newest version) or a version such as page_view.v1."""
    click.echo((FOLDER / f"{_find(name)}.avsc").read_text("utf-8"), nl=False)


@schema.command()
@_folder
def check(folder: Path) -> None:
    """Check every kept version against the others and against what has been released."""
    records = read_records(folder)
    released = _released(folder)
    _refuse_on(problems(records, released))
    new = [str(record) for record in records if str(record) not in released]
    if new:
        click.echo(f"New, not yet released by `stageline schema release`: {', '.join(new)}.", err=True)
    click.echo(f"{len(records)} schemas: events read all history, outputs are readable both ways.")


@schema.command()
@_folder
def release(folder: Path) -> None:
    """Record every new version as released: from then on it may not be edited."""
    records = read_records(folder)
    _refuse_on(problems(records, _released(folder)))
    lock = {str(record): digest(record) for record in records}
    (folder / LOCK).write_text(json.dumps(lock, indent=2) + "\n", "utf-8")
    click.echo(f"{len(lock)} schemas are released.")


@schema.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write, instead of standard output.")
def editor(out: Path | None) -> None:
    """Print the JSON Schema of lifecycle files, for editors to complete and describe their keys.

    Editors with a YAML language server find it by the first line of a file:
    `# yaml-language-server: $schema=./lifecycle.schema.json`
    """
    text = editor_schema()
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")
        click.echo(f"{out} is written.", err=True)


def _refuse_on(found: Iterable[str]) -> None:
    lines = tuple(found)
    for line in lines:
        click.echo(line, err=True)
    if lines:
        click.get_current_context().exit(1)


def _released(folder: Path) -> dict[str, str]:
    lock = folder / LOCK
    if not lock.exists():
        return {}
    try:
        return dict(json.loads(lock.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise SchemaError(
            f"{lock}: not a JSON object ({error}): take it back from version control."
        ) from None


def _find(name: str) -> Record:
    by_name = {record.name: record for record in RECORDS} | {str(record): record for record in RECORDS}
    if name not in by_name:
        raise SchemaError(unknown("schema", name, by_name))
    return by_name[name]


def _facts(record: Record) -> dict[str, str | int]:
    return {
        "record": record.name,
        "version": record.version,
        "role": record.role,
        "fingerprint": record.fingerprint.hex(),
        "doc": record.schema["doc"],
    }
