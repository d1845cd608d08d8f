"""The Faust app that hosts the engine: process, service tree, signals, timers and web are Faust's.

Faust's Kafka side (consumer, conductor, tables, recovery) is not started: ARCHITECTURE.md says why.
A `Member` per processor takes its place in the service tree.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, NoReturn, cast

import faust
from aiokafka import TopicPartition

from processors.engine.fetched import read_whole_fetches
from processors.engine.header_names import tolerate_any_header_name
from processors.engine.member import Member
from processors.engine.pages import add_pages, check_address
from processors.engine.standby import Standby
from processors.engine.turns import switch_often
from processors.logs import log_to_stderr
from processors.topic_admin import partition_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mode.types import ServiceT

    from processors.engine.batch import Processor
    from processors.engine.pages import Health
    from processors.engine.shelf import Shelf

# New objects before Python looks for garbage in cycles, instead of 700. Hundreds of thousands wait in
# partitions that are behind, hardly one in a cycle; looking at them took a fifth of a worker's CPU.
COLLECT_AFTER = 500_000


class _Boot(faust.App.BootStrategy):  # type: ignore[misc, valid-type] # Faust declares it as a value, not a class
    """Starts Faust's sensors and web server, none of its Kafka services, and our members."""

    enable_kafka = False

    def server(self) -> Iterable[ServiceT]:
        return cast("Iterable[ServiceT]", self._chain(super().server(), self.app.standby, self.app.members))


class EngineApp(faust.App):
    """A Faust app with members of consumer groups instead of agents."""

    BootStrategy = _Boot
    members: Sequence[Member] = ()
    standby: Sequence[Standby] = ()

    async def on_first_start(self) -> None:
        """Make no folder, as Faust would: what the engine keeps on disk, if anything, is the shelf's."""


def make_app(
    processors: Sequence[Processor],
    bootstrap: str,
    health: Health | None = None,
    shelf: Shelf | None = None,
    *,
    standby: bool = False,
) -> EngineApp:
    """Make the app that runs these processors; `shelf` None: states are held in memory only.

    `standby`: warm copies of what others own are kept on the shelf, which must be one that keeps.
    """
    app = EngineApp(
        "stageline",
        broker=f"kafka://{bootstrap}",
        autodiscover=False,
        web_enabled=health is not None,
        web_bind=health.host if health else None,  # not web_host: that is only the name in links
        web_port=health.port if health else None,
        web_router_enabled=False,  # Faust's own pages tell of agents and tables, of which there are none
        web_tables_enabled=False,
    )
    if shelf is not None and standby:
        copies = Standby(
            shelf, bootstrap, _changelogs(processors, bootstrap), loop=app.loop, beacon=app.beacon
        )
        shelf, app.standby = copies, [copies]
    app.members = [Member(one, bootstrap, shelf, loop=app.loop, beacon=app.beacon) for one in processors]
    if health is not None:
        check_address(health)
        add_pages(app, app.members, health)
    return app


def _changelogs(processors: Iterable[Processor], bootstrap: str) -> list[TopicPartition]:
    topics = [one.changelog for one in processors if one.changelog is not None]
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in range(partition_count(bootstrap, topic))
    ]


def run(app: EngineApp) -> NoReturn:
    """Run in this process until a signal; then finish the open transactions, leave the group and exit 0."""
    log_to_stderr()
    tolerate_any_header_name()
    read_whole_fetches()
    collect_rarely()
    switch_often()
    worker = faust.Worker(app, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()


def collect_rarely() -> None:
    """Look for garbage in cycles after many new objects only, and never among those of the program itself."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
