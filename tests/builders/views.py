"""A view on a real Redis for tests, and all that is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from projections.store import ROOT, Batch, Outcome, View, connect, show
from projections.views.funnel import Rung, define
from tests.builders.changes import History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.commands import Change, Command
    from projections.store import Client


def deliver(view: View, changes: Sequence[Any], partition: str = "stage-changed/0") -> Outcome:
    """Apply changes as the next ones of a partition."""
    position = view.positions().get(partition)
    batch = Batch(
        partition=partition,
        expected=position,
        after=(position or 0) + max(1, len(changes)),
        changes=changes,
    )
    (outcome,) = view.apply([batch])
    return outcome


def deliver_half_and_twice(view: View, change: Change, commands: Sequence[Command], half: int) -> None:
    """Write the first commands of a change, as many as `half`, as before an error; then all of it twice."""
    if commands[:half]:
        view.ask(*commands[:half])
    deliver(view, [change])
    deliver(view, [change])


def shown(url: str, contact: str) -> View:
    """Show a view with one contact in it, a lead; everything else is gone."""
    client = connect(url)
    client.flushall()
    view = View(client, f"test-{uuid4().hex[:8]}")
    view.ask(define([Rung(track="main", stage="lead"), Rung(track="main", stage="mql")]))
    history = History(contact)
    history.enter("lead")
    deliver(view, history.changes)
    show(client, view.name)
    return view


def dump(url: str, view: View) -> dict[str, Any]:
    """Everything in the view but positions and order of arrival, which differ with every interleaving."""
    client = connect(url)
    prefix = f"{ROOT}:{view.name}:"
    names = sorted(map(str, client.keys(f"{prefix}*")))
    kept = (name for name in names if not name.endswith((":positions", ":arrivals")))
    return {name.removeprefix(prefix): content_of(client, name) for name in kept}


def content_of(client: Client, name: str) -> Any:  # noqa: ANN401 - by the key's type
    """What a key holds, whatever its type."""
    match client.type(name):
        case "hash":
            return client.hgetall(name)
        case "zset":
            return client.zrange(name, 0, -1, withscores=True)
        case "set":
            return sorted(client.smembers(name))
        case "stream":
            return client.xrange(name)
    return client.get(name)
