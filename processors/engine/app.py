"""The Faust app that hosts the engine: process, service tree, signals, timers and web are Faust's.

Faust's Kafka side (consumer, conductor, tables, recovery) is not started: ARCHITECTURE.md says why.
A `Member` per processor takes its place in the service tree.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, NamedTuple, NoReturn, cast

import faust

from processors.engine.member import Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faust.types.web import Request, Response
    from faust.web import View
    from mode.types import ServiceT

    from processors.engine.batch import Processor

LOG_FORMAT = "time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
NOISY = ("aiokafka", "mode", "faust", "kafka", "asyncio")  # they tell each rebalance and late timer as news


class Health(NamedTuple):
    """Where `/healthz` listens."""

    host: str
    port: int


class _Boot(faust.App.BootStrategy):  # type: ignore[misc, valid-type] # Faust declares it as a value, not a class
    """Starts Faust's sensors and web server, none of its Kafka services, and our members."""

    enable_kafka = False

    def server(self) -> Iterable[ServiceT]:
        return cast("Iterable[ServiceT]", self._chain(super().server(), self.app.members))


class EngineApp(faust.App):
    """A Faust app with members of consumer groups instead of agents."""

    BootStrategy = _Boot
    members: Sequence[Member] = ()

    async def on_first_start(self) -> None:
        """Make no folder, as Faust would: the engine keeps nothing on disk."""


def make_app(processors: Iterable[Processor], bootstrap: str, health: Health | None = None) -> EngineApp:
    """Make the app that runs these processors."""
    app = EngineApp(
        "stageline",
        broker=f"kafka://{bootstrap}",
        autodiscover=False,
        web_enabled=health is not None,
        web_host=health.host if health else None,
        web_port=health.port if health else None,
    )
    app.members = [Member(one, bootstrap, loop=app.loop, beacon=app.beacon) for one in processors]
    app.page("/healthz")(_healthz)
    return app


def run(app: EngineApp) -> NoReturn:
    """Run in this process until a signal; then finish the open transactions, leave the group and exit 0."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    worker = faust.Worker(app, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()


async def _healthz(view: View, _request: Request) -> Response:
    """200 once every assigned partition is open, 503 until then."""
    members = cast("EngineApp", view.app).members
    state = {member.label: member.status() for member in members}
    ready = all(member.ready() for member in members)
    return view.json(state, status=200 if ready else 503)
