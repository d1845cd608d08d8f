"""Topics as `schemas.topics` wants them: made before anything starts, and refused when they are otherwise."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError
from kafka.net.compat import KafkaNetClient

from processors.coming_up import NOT_READY, while_not_ready
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access, no_broker
from schemas.topics import (
    ALL,
    COMPANY_CHANGELOG,
    COMPANY_MEMBERS,
    CONTACT_EVENTS,
    LIFECYCLE_CHANGELOG,
    PARTITIONS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from schemas.topics import Topic

T = TypeVar("T")

ANSWER_MS = 5_000  # a broker that has not answered by then is not there
AT_ONCE = 1_000  # questions under way: beyond that a client says that its broker is not ready
CHANGELOGS = (
    (CONTACT_EVENTS, LIFECYCLE_CHANGELOG),
    (COMPANY_MEMBERS, COMPANY_CHANGELOG),
)  # with their sources
COPIES = 3  # of each topic, where there are as many brokers; then two of them must have a record

# Settings whose every difference can lose data or change its meaning; of the others a topic may have its own.
STRICT = ("cleanup.policy", "message.timestamp.type", "compression.type")
AT_LEAST = ("retention.ms", "max.message.bytes")  # -1 is more than any number
AT_MOST = ("max.compaction.lag.ms",)  # or what was erased stays in the broker's files


@contextmanager
def administering(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """Connect to the cluster. Raises LifecycleError when no broker answers."""
    networks: list[KafkaNetClient] = []

    def network(**given: Any) -> KafkaNetClient:  # noqa: ANN401 - passed on
        networks.append(KafkaNetClient(**given))
        return networks[-1]

    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=ANSWER_MS,
            request_timeout_ms=ANSWER_MS,
            max_in_flight_requests_per_connection=AT_ONCE,
            kafka_client=network,
            **kafka_access(),
        )
    except (KafkaError, ValueError) as error:
        for one in networks:  # its thread and sockets would stay: kafka-python leaves that to nobody
            one.close()
        raise no_broker(bootstrap, error) from error
    try:
        yield admin
    finally:
        admin.close()


def ensure_topics(bootstrap: str, partitions: int = PARTITIONS) -> list[str]:
    """Create the topics that are missing, once the brokers can; return their names.

    Raises LifecycleError if another is unfit, or no broker answers.
    """

    def create_and_look(admin: KafkaAdminClient) -> list[str]:
        created = create_missing(admin, partitions)
        if problems := find_problems(admin):
            raise LifecycleError("\n".join(problems))
        return created

    return _once_ready(bootstrap, create_and_look)


def _once_ready(bootstrap: str, work: Callable[[KafkaAdminClient], T]) -> T:
    try:
        return _when_ready(bootstrap, work)
    except NOT_READY as error:
        raise no_broker(bootstrap, error) from error


@while_not_ready
def _when_ready(bootstrap: str, work: Callable[[KafkaAdminClient], T]) -> T:
    with administering(bootstrap) as admin:
        return work(admin)


def create_missing(admin: KafkaAdminClient, partitions: int, copies: int | None = None) -> list[str]:
    """Create the topics that are missing; return their names.

    A changelog gets as many partitions as its source has. `copies` None: three, or what one broker can.
    """
    existing = _partition_counts(admin)
    missing = [topic for topic in ALL if topic.name not in existing]
    brokers = len(admin.describe_cluster()["brokers"])
    copies = copies or (COPIES if brokers >= COPIES else 1)
    paired = {
        topic: existing.get(source.name) or existing.get(changelog.name) or partitions
        for source, changelog in CHANGELOGS
        for topic in (source, changelog)
    }
    wanted = {
        topic.name: {
            "num_partitions": paired.get(topic) or topic.partitions or partitions,
            "replication_factor": copies,
            "configs": topic.config() | {"min.insync.replicas": "2" if copies >= COPIES else "1"},
        }
        for topic in missing
    }
    if wanted:
        _create(admin, wanted)
    return [topic.name for topic in missing]


def create_like_contact_events(bootstrap: str, topic: Topic) -> None:
    """Create a topic with as many partitions and copies as contact-events has; it may be there already."""
    with administering(bootstrap) as admin:
        found = {one["name"]: one for one in describe(admin, [CONTACT_EVENTS.name, topic.name])}
        if CONTACT_EVENTS.name not in found:
            raise LifecycleError(f"Topic {CONTACT_EVENTS.name} does not exist: `stageline topics create`.")
        if topic.name not in found:
            events = found[CONTACT_EVENTS.name]["partitions"]
            copies = len(events[0]["replica_nodes"])
            settings = topic.config() | {"min.insync.replicas": "2" if copies >= COPIES else "1"}
            wanted = {"num_partitions": len(events), "replication_factor": copies, "configs": settings}
            _create(admin, {topic.name: wanted})


def _create(admin: KafkaAdminClient, wanted: dict[str, dict[str, Any]]) -> None:
    try:
        admin.create_topics(wanted, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # another process was faster, or the broker had not told of it yet
        admin.wait_for_topics(list(wanted))
    except TopicAuthorizationFailedError as error:
        raise LifecycleError(
            f"{', '.join(wanted)}: missing, and this user may not create topics: let an operator run"
            " `stageline topics create`; `stageline acl` tells who needs which rights."
        ) from error


def delete_if_there(bootstrap: str, names: Sequence[str]) -> None:
    """Delete those of the topics that exist."""
    with administering(bootstrap) as admin:
        if found := [one["name"] for one in describe(admin, names)]:
            admin.delete_topics(found)


def find_problems(admin: KafkaAdminClient) -> list[str]:
    """Return one line per thing that is not as it must be: topic, expected, found, remedy."""
    counts = _partition_counts(admin)
    lines = [
        f"Topic {topic.name} does not exist. Run `stageline topics create`."
        for topic in ALL
        if topic.name not in counts
    ]
    for source, changelog in CHANGELOGS:
        wanted, found_there = counts.get(source.name), counts.get(changelog.name)
        if wanted and found_there and wanted != found_there:
            lines.append(
                f"Topic {changelog.name}: expected {wanted} partitions like {source.name},"
                f" found {found_there}. Delete it while no worker runs (it is rebuilt from {source.name}),"
                " then run `stageline topics create`."
            )
    present = [topic for topic in ALL if topic.name in counts]
    for topic, found in zip(present, _configs(admin, present), strict=True):
        lines += _differences(topic, found)
    return lines


def describe(admin: KafkaAdminClient, names: Sequence[str]) -> list[dict[str, Any]]:
    """Describe those of the topics that exist. Raises LifecycleError if this user may not see one."""
    found: list[dict[str, Any]] = admin.describe_topics(list(names))
    if hidden := [one["name"] for one in found if one["error_code"] == TopicAuthorizationFailedError.errno]:
        raise LifecycleError(f"Kafka hides {', '.join(hidden)} from this user: let it DESCRIBE them.")
    return [one for one in found if not one["error_code"]]


def partition_count(bootstrap: str, name: str) -> int:
    """Return how many partitions a topic has, once the brokers can tell. Raises LifecycleError."""
    return _once_ready(bootstrap, lambda admin: len(_found(admin, name)["partitions"]))


def topic_id(admin: KafkaAdminClient, name: str) -> str:
    """Return what tells a topic from any other, also from one of the same name. Raises LifecycleError."""
    if not (known := _found(admin, name).get("topic_id")) or not UUID(str(known)).int:
        raise LifecycleError(
            "STAGELINE_STORE=rocksdb and --standby need brokers that give topics an id (Kafka 2.8 or newer)."
            " Set STAGELINE_STORE=memory without --standby, or update them."
        )
    return str(known)


def _found(admin: KafkaAdminClient, name: str) -> dict[str, Any]:
    found = describe(admin, [name])
    if not found:
        raise LifecycleError(f"Topic {name} does not exist: `stageline topics create`.")
    return found[0]


def repair(admin: KafkaAdminClient) -> list[str]:
    """Set the settings of existing topics right, partitions apart; return the names of those changed."""
    counts = _partition_counts(admin)
    present = [topic for topic in ALL if topic.name in counts]
    wrong = [
        topic
        for topic, found in zip(present, _configs(admin, present), strict=True)
        if _differences(topic, found)
    ]
    for topic in wrong:
        strict = {
            name: value for name, value in topic.config().items() if name in STRICT + AT_LEAST + AT_MOST
        }
        admin.alter_configs([ConfigResource("TOPIC", topic.name, strict)])
    return [topic.name for topic in wrong]


def _differences(topic: Topic, found: dict[str, str]) -> list[str]:
    wanted = topic.config()
    wrong = [name for name in STRICT if found[name] != wanted[name]]
    wrong += [name for name in AT_LEAST if _size(found[name]) < _size(wanted[name])]
    wrong += [name for name in AT_MOST if name in wanted and _size(found[name]) > _size(wanted[name])]
    return [
        f"Topic {topic.name}: expected {name}={wanted[name]}, found {found[name]}."
        " Run `stageline topics repair`, or set it with your cluster's tools."
        for name in wrong
    ]


def _size(value: str) -> float:
    return float("inf") if value == "-1" else int(value)


def _partition_counts(admin: KafkaAdminClient) -> dict[str, int]:
    return {one["name"]: len(one["partitions"]) for one in describe(admin, [topic.name for topic in ALL])}


def _configs(admin: KafkaAdminClient, topics: list[Topic]) -> list[dict[str, str]]:
    """Return the settings of each topic, in the order given."""
    if not topics:
        return []
    resources = [ConfigResource("TOPIC", topic.name) for topic in topics]
    found: dict[str, dict[str, Any]] = admin.describe_configs(resources, config_filter="all")["topic"]
    if hidden := [name for name, entries in found.items() if not entries]:
        raise LifecycleError(
            f"Kafka does not tell this user the settings of {', '.join(hidden)}: let it DESCRIBE_CONFIGS."
        )
    return [{name: entry["value"] for name, entry in found[topic.name].items()} for topic in topics]
