"""Which generation of the views is filled, and which one is read.

A view is never migrated. Its name says what it is made from: `<format of the keys>-<contents of the
topics>.<number>`. When one of these changes, a new generation is filled from the beginning of the log
beside the old one, and readers are switched to it once it has caught up. Only the very first is shown while
it fills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.store import View, keep_only, live_name, register, show
from projections.views import FORMAT
from projections.views.funnel import define

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.store import Client
    from projections.views.funnel import Rung


class SupersededError(Exception):
    """Readers were switched to a view of another format or log. Next: end."""


class Generations:
    """The views of one log; `ladder`: the stages that it is about."""

    def __init__(self, client: Client, ladder: Sequence[Rung]) -> None:
        self._client = client
        self._ladder = ladder
        self._finished: str | None = None  # what it is made from

    def begin(self, contents: str) -> View:
        """Return the one to fill: the one that is shown, if it is made from this log, else a new one.

        `contents` names what the log holds.
        """
        made_from = f"{FORMAT}-{contents}"
        live = live_name(self._client)
        if live is not None and live.rpartition(".")[0] == made_from:
            return self._open(live)
        if live is not None and self._finished == made_from:
            raise SupersededError(f"another projector has switched to the view {live}: this one ends.")
        view = self._open(f"{made_from}.1")
        if live is None:
            show(self._client, view.name)
        return view

    def anew(self, view: View) -> View:
        """Return the generation after this one, empty: for a view that turned out wrong."""
        made_from, _, number = view.name.rpartition(".")
        return self._open(f"{made_from}.{int(number) + 1}")

    def finish(self, view: View) -> list[str]:
        """Switch readers to a view that has caught up, and remove the others; return their names."""
        show(self._client, view.name)
        self._finished = view.name.rpartition(".")[0]
        return keep_only(self._client, view.name)

    def _open(self, name: str) -> View:
        view = View(self._client, name)
        register(self._client, name)
        view.ask(define(self._ladder))
        return view
