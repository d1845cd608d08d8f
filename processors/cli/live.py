"""What the live system decides by, for the commands that change it or follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.event_loop import complete
from processors.lifecycle_files import compile_lifecycle, load_lifecycle, read_lifecycle
from processors.promotion.generation import newest
from schemas.topics import GENERATIONS

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan
    from processors.promotion.generation import Generation
    from processors.promotion.promote import Definition, Promotion, Watch
    from processors.settings import Settings


def definition_of(path_or_preset: str) -> Definition:
    """Read and check a lifecycle file. Raises LifecycleError whose text is the whole report."""
    from processors.promotion.promote import Definition  # noqa: PLC0415 - aiokafka takes a while to import

    name, data = read_lifecycle(path_or_preset)
    plan = compile_lifecycle(name, data)  # first: it says better what is wrong with the bytes
    return Definition(text=data.decode(), plan=plan)


def promotion(settings: Settings, watch: Watch) -> Promotion:
    """Make the promotion of the system that the settings name. Raises LifecycleError if Kafka is away."""
    from processors.promotion.promote import Promotion  # noqa: PLC0415 - as above
    from processors.topic_admin import partition_count  # noqa: PLC0415 - as above

    partition_count(settings.bootstrap_servers, GENERATIONS.name)  # nobody sits waiting for brokers
    first = definition_of(settings.lifecycle)
    return Promotion(bootstrap=settings.bootstrap_servers, first=first, watch=watch)


def generations(settings: Settings) -> dict[int, Generation]:
    """Read all generations; none if nothing was ever promoted."""
    from processors.engine.generations import read_generations  # noqa: PLC0415 - as above

    return complete(read_generations(settings.bootstrap_servers))


def known_plans(settings: Settings) -> list[Plan]:
    """Return every definition that decides somewhere in the log, or may come to, the first one first.

    That is the one before any barrier: as recorded by the first promotion, if there was any.
    """
    known = generations(settings)
    if 1 not in known:
        return [load_lifecycle(settings.lifecycle)]
    return [known[number].compiled() for number in sorted(known) if known[number].status != "aborted"]


def first_plan(settings: Settings) -> Plan:
    """Return the definition that decides before any barrier."""
    return known_plans(settings)[0]


def live_plan(settings: Settings) -> Plan:
    """Return the definition that is live now."""
    live = newest(generations(settings).values())
    return load_lifecycle(settings.lifecycle) if live is None else live.compiled()
