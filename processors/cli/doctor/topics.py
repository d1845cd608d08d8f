"""The topics: there, set as they must be, replicated, and able to take a write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka.admin import ConfigResource

from processors.cli.doctor.finding import ok, wrong
from processors.topic_admin import COPIES, describe, find_problems
from schemas.times import DAY_MS
from schemas.topics import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka.admin import KafkaAdminClient

    from processors.cli.doctor.finding import Finding

RETENTION_MS = {topic.name: topic.retention_ms for topic in ALL}


def check_topics(admin: KafkaAdminClient) -> Iterator[Finding]:
    """Look at every topic of `schemas.topics`."""
    found = [_split(line) for line in find_problems(admin)]
    brokers = len(admin.describe_cluster()["brokers"])
    described = describe(admin, [topic.name for topic in ALL])
    settings = _settings(admin, [one["name"] for one in described])
    for topic in described:
        of_it = settings[topic["name"]]
        problems = [*_problems(topic["partitions"], of_it, brokers), *_kept_too_long(topic["name"], of_it)]
        found += [wrong(f"topic {topic['name']}", *problem) for problem in problems]
    yield from found or [ok("topics", f"All {len(ALL)} are there, as they must be, and take writes.")]


def _split(line: str) -> Finding:
    """Part a line of `find_problems` (what is wrong. Remedy.) in two."""
    what, _, remedy = line.partition(". ")
    return wrong("topics", f"{what}.", remedy)


def _settings(admin: KafkaAdminClient, names: list[str]) -> dict[str, dict[str, Any]]:
    if not names:
        return {}
    resources = [ConfigResource("TOPIC", name) for name in names]
    found: dict[str, dict[str, Any]] = admin.describe_configs(resources, config_filter="all")["topic"]
    return found


def _problems(
    partitions: list[dict[str, Any]], settings: dict[str, Any], brokers: int
) -> Iterator[tuple[str, str]]:
    copies = min(len(partition["replica_nodes"]) for partition in partitions)
    in_sync = min(len(partition["isr_nodes"]) for partition in partitions)
    needed = int(settings["min.insync.replicas"]["value"])
    if any(partition["leader_id"] < 0 for partition in partitions):
        yield "A partition has no leader.", "Bring its broker back; nothing can be read or written meanwhile."
    elif needed > in_sync:
        yield (
            f"min.insync.replicas is {needed}, but a partition has {in_sync} in sync: writes are refused.",
            f"Bring the missing brokers back; of {copies} copies, ask for at most {max(1, copies - 1)}.",
        )
    elif in_sync < copies:
        yield f"A partition has {in_sync} of {copies} copies in sync.", "Bring the missing broker back."
    if brokers >= COPIES and copies < COPIES:
        yield (
            f"A partition has {copies} copies on {brokers} brokers: one lost disk loses events.",
            f"Raise it to {COPIES} with `kafka-reassign-partitions.sh`.",
        )
    if brokers >= COPIES and needed < 2:
        yield "min.insync.replicas is 1: one lost disk can lose acknowledged events.", "Set it to 2."
    if settings["unclean.leader.election.enable"]["value"] == "true":
        yield (
            "unclean.leader.election.enable is true: a copy that lags may become leader and drop events.",
            "Set it to false.",
        )


def _kept_too_long(name: str, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Look whether raw bytes go in time: nothing else takes an erased person out of them."""
    most, found = RETENTION_MS[name], int(settings["retention.ms"]["value"])
    if most >= 0 and not 0 <= found <= most:
        days = most // DAY_MS
        what = (
            f"retention.ms is {found}: in what publishers sent, who was erased can be read after {days} days."
        )
        yield what, f"Set it to {most}."
