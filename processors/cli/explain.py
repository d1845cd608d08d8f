"""`stageline explain`: a lifecycle in plain English, for marketing and sales to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from processors.lifecycle.definition.explain.agreement import agreement
from processors.lifecycle.definition.explain.markdown import markdown
from processors.lifecycle.definition.load import load
from processors.lifecycle_files import read_lifecycle
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from processors.lifecycle.definition.explain.agreement import Agreement, StageText
    from processors.lifecycle.definition.explain.sentences import Said


@click.command()
@click.argument("file")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown with a Mermaid diagram.")
def explain(file: str, *, as_markdown: bool) -> None:
    """Say what FILE (a path, or a preset's name) means: stages, ways in and out, deadlines, scores."""
    name, data = read_lifecycle(file)
    loaded = load(data, name)
    if loaded.lifecycle is None or loaded.problems:
        raise LifecycleError(loaded.report)
    words = agreement(loaded.lifecycle)
    if as_markdown:
        click.echo(markdown(words), nl=False)
    else:
        _print(words)


def _print(words: Agreement) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{escape(words.title)}[/bold]")
    for note in words.notes:
        console.print(f"[dim]{escape(note)}[/dim]")
    for name, stages in words.ladders:
        tree = Tree(f"[bold]Stages: {escape(name)}[/bold]")
        for stage in stages:
            _add_stage(tree, stage)
        console.print(tree)
    for title, lines in words.sections:
        tree = Tree(f"[bold]{escape(title)}[/bold]")
        for name, text in lines:
            tree.add(f"[cyan]{escape(name)}[/cyan]: {escape(text)}")
        console.print(tree)


def _add_stage(tree: Tree, stage: StageText) -> None:
    branch = tree.add(f"[bold cyan]{escape(stage.title)}[/bold cyan] [dim]{escape(stage.id)}[/dim]")
    for name, text in stage.facts:
        branch.add(f"{escape(name)}: {escape(text)}")
    if stage.enter is not None:
        _add(branch, stage.enter, "[green]Enters when[/green] ")
    elif stage.detour:
        branch.add("[green]Enters[/green] only by a way out of another stage")
    for way in stage.ways:
        branch.add(f"[yellow]Leaves[/yellow] {escape(way.said)}")
    for line in stage.deadlines:
        branch.add(f"[magenta]Hand-off[/magenta]: {escape(line)}")


def _add(tree: Tree, said: Said, lead: str = "") -> None:
    branch = tree.add(f"{lead}{escape(said.text)}")
    for part in said.parts:
        _add(branch, part)
