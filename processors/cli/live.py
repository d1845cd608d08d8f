"""What the live system decides by, for the commands that change it or follow it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle, read_lifecycle
from processors.promotion.generation import newest

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan
    from processors.promotion.generation import Generation
    from processors.promotion.promote import Definition, Promotion, Watch
    from processors.settings import Settings


def definition_of(path_or_preset: str) -> Definition:
    """Read and check a lifecycle file. Raises LifecycleError whose text is the whole report."""
    from processors.promotion.promote import Definition  # noqa: PLC0415 - aiokafka takes a while to import

    _name, data = read_lifecycle(path_or_preset)
    return Definition(text=data.decode(), plan=load_lifecycle(path_or_preset))


def promotion(settings: Settings, watch: Watch) -> Promotion:
    """Make the promotion of the system that the settings name."""
    from processors.promotion.promote import Promotion  # noqa: PLC0415 - as above

    first = definition_of(settings.lifecycle)
    return Promotion(bootstrap=settings.bootstrap_servers, first=first, watch=watch)


def generations(settings: Settings) -> dict[int, Generation]:
    """Read all generations; none if nothing was ever promoted."""
    from processors.engine.generations import read_generations  # noqa: PLC0415 - as above

    loop = asyncio.new_event_loop()  # not `asyncio.run`: it would leave Faust without a loop
    try:
        return loop.run_until_complete(read_generations(settings.bootstrap_servers))
    finally:
        loop.close()


def first_plan(settings: Settings) -> Plan:
    """Return the definition that decides before any barrier: as recorded by the first promotion, if any."""
    known = generations(settings)
    return known[1].compiled() if 1 in known else load_lifecycle(settings.lifecycle)


def live_plan(settings: Settings) -> Plan:
    """Return the definition that is live now."""
    live = newest(generations(settings).values())
    return load_lifecycle(settings.lifecycle) if live is None else live.compiled()
