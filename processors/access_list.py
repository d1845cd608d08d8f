"""Who needs which rights on Kafka: each role around Stageline, from the names that the code itself uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from processors.engine import generations, redelivery
from processors.engine.company import Companies
from processors.engine.fencing import transactional_prefix
from processors.engine.intake import Intake
from processors.engine.lifecycle import Lifecycle
from projections.log import OUTPUTS
from schemas.topics import (
    ALL,
    CONTACT_KEYS,
    DEAD_LETTER,
    ENGAGEMENT,
    GENERATION_PREFIX,
    GENERATIONS,
    HANDOFF_RESPONSE,
    LIFECYCLE_CHANGELOG,
    MQL_HANDOFF,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Kind = Literal["topic", "group", "transactional-id", "cluster"]
PROCESSORS = (Intake, Lifecycle, Companies)
CLUSTER = "kafka-cluster"  # Kafka's own name for it
INCLUDED_IN = {"Describe": {"Read", "Write", "Delete"}, "DescribeConfigs": {"AlterConfigs"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What a role may do with a resource, or (`prefixed`) with all whose names begin so.

    `operations` are named as Kafka's own tools name them, without those that another one includes.
    """

    role: str
    kind: Kind
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


def all_rights(sales_group: str) -> list[Right]:
    """Return every right of every role, one per resource; `sales_group`: the consumer group of sales."""
    return [*_worker(), *_projector(), *_publisher(), *_sales(sales_group), *_operator()]


def _worker() -> Iterator[Right]:
    """Run every part; before that, a worker looks at all topics."""
    operations: dict[str, set[str]] = {topic.name: {"DescribeConfigs", "Describe"} for topic in ALL}
    operations[GENERATIONS.name].add("Read")
    for processor in PROCESSORS:
        for name in processor.sources:
            operations[name].add("Read")
        for name in processor.outputs:
            operations[name].add("Write")
        if processor.changelog is not None:
            operations[processor.changelog] |= {"Read", "Write"}
    yield from _topics("worker", operations)
    yield _prefixed("worker", "topic", GENERATION_PREFIX, "Read")  # the head start of a promotion
    for processor in PROCESSORS:
        yield Right(role="worker", kind="group", name=processor.name, operations=("Read",))
        for source in processor.sources:
            prefix = transactional_prefix(processor.name, source)
            yield _prefixed("worker", "transactional-id", prefix, "Write")


def _projector() -> Iterator[Right]:
    """Read the outputs; positions are kept in Redis, so there is no group."""
    return _topics("projector", {name: {"Read"} for name in OUTPUTS})


def _publisher() -> Iterator[Right]:
    """Write events; the client also makes sure that the other topic is there."""
    return _topics("publisher", {ENGAGEMENT.name: {"Write"}, HANDOFF_RESPONSE.name: {"Describe"}})


def _sales(group: str) -> Iterator[Right]:
    yield from _topics(
        "sales",
        {MQL_HANDOFF.name: {"Read"}, HANDOFF_RESPONSE.name: {"Write"}, ENGAGEMENT.name: {"Describe"}},
    )
    yield Right(role="sales", kind="group", name=group, operations=("Read",))


def _operator() -> Iterator[Right]:
    """Run `topics`, `doctor`, `archive`, `dlt`, `personal`, `promote`, `diff --live`."""
    operations = {topic.name: {"Create", "Describe", "DescribeConfigs", "AlterConfigs"} for topic in ALL}
    for processor in PROCESSORS:
        for name in processor.sources:
            # `dlt replay` puts letters back there, `promote` its barriers; `doctor` looks what comes next.
            operations[name] |= {"Read", "Write"}
    for name in OUTPUTS:
        operations[name].add("Read")  # `doctor` looks what a view waits for
    operations[LIFECYCLE_CHANGELOG.name].add("Read")
    operations[CONTACT_KEYS.name].add("Read")
    operations[GENERATIONS.name] |= {"Read", "Write"}
    operations[DEAD_LETTER.name] |= {"Read", "Write", "Delete"}
    yield from _topics("operator", operations)
    yield _prefixed("operator", "topic", GENERATION_PREFIX, "Create", "Read", "Write", "Delete")
    for processor in PROCESSORS:
        yield Right(role="operator", kind="group", name=processor.name, operations=("Describe",))
    yield _prefixed("operator", "group", GENERATION_PREFIX, "Read")
    for name in (generations.TRANSACTIONAL_ID, redelivery.TRANSACTIONAL_ID):
        yield Right(role="operator", kind="transactional-id", name=name, operations=("Write",))
    yield _prefixed("operator", "transactional-id", GENERATION_PREFIX, "Write")
    looking = ("Describe", "DescribeConfigs")
    yield Right(role="operator", kind="cluster", name=CLUSTER, operations=looking)


def _topics(role: str, operations: dict[str, set[str]]) -> Iterator[Right]:
    for name, needed in operations.items():
        yield Right(role=role, kind="topic", name=name, operations=_least(needed))


def _prefixed(role: str, kind: Kind, prefix: str, *operations: str) -> Right:
    return Right(role=role, kind=kind, name=prefix, operations=_least(operations), prefixed=True)


def _least(operations: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(one for one in operations if INCLUDED_IN.get(one, set()).isdisjoint(operations)))
