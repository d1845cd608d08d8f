"""The options that select dead letters, the same for every `dlt` command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from processors.cli.when import When
from processors.dead_letters.letter import parse_id
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.dead_letters.letter import LetterId

    Command = Callable[..., Any]


STEPS = ("intake", "lifecycle", "company")


class Id(click.ParamType):
    """A letter's id, `partition:offset`."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> LetterId:  # noqa: ANN401 - click's own signature
        """Read the id, or fail with how one is written."""
        try:
            return parse_id(value)
        except SchemaError as error:
            self.fail(str(error), param, ctx)


_OPTIONS = (
    click.option("--reason", metavar="TEXT", help="The reason holds this text."),
    click.option("--topic", help="The record came from this topic."),
    click.option("--step", type=click.Choice(STEPS), help="This step refused it."),
    click.option(
        "--since", type=When(), help="Refused then or later: a time with its zone, or an age (36h)."
    ),
    click.option("--until", type=When(), help="Refused before then."),
)


def selecting(command: Command) -> Command:
    """Add the options; the command gets them as keywords of `Selection`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
