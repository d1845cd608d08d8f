"""Every check in order. What cannot be looked at is a finding, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka.errors import AuthorizationError, KafkaError

from processors.cli.doctor.brokers import check_brokers, check_clock
from processors.cli.doctor.finding import LOOK_AGAIN, unknown, wrong
from processors.cli.doctor.groups import check_groups
from processors.cli.doctor.records import check_partitioner
from processors.cli.doctor.topics import check_topics
from processors.cli.doctor.versions import check_lifecycle, check_packages, check_schemas
from processors.cli.doctor.views import check_redis, check_view
from processors.topic_admin import administering
from projections.store import RedisAwayError, connect
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka.admin import KafkaAdminClient

    from processors.cli.doctor.finding import Finding
    from processors.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything: what is installed, Kafka, Redis."""
    yield from check_packages()
    yield from check_schemas()
    yield from check_lifecycle(settings.lifecycle)
    try:
        with administering(settings.bootstrap_servers) as admin:
            yield from _kafka(admin, settings)
            yield from _redis(admin, settings)
    except LifecycleError as error:
        yield wrong("kafka", *str(error).split(". ", 1))
        yield from _redis(None, settings)


def _kafka(admin: KafkaAdminClient, settings: Settings) -> Iterator[Finding]:
    yield from _asked("brokers", lambda: check_brokers(admin))
    yield from _asked("clock", lambda: check_clock(admin))
    yield from _asked("topics", lambda: check_topics(admin))
    yield from _asked("groups", lambda: check_groups(admin, settings.bootstrap_servers, settings.ready_lag))
    yield from _asked("partitioner", lambda: check_partitioner(settings.bootstrap_servers))


def _redis(admin: KafkaAdminClient | None, settings: Settings) -> Iterator[Finding]:
    """Look at Redis, and at the view if there is a Kafka to compare it with."""
    try:
        with connect(settings.redis_url) as client:
            yield from check_redis(client)
            if admin is not None:
                yield from _asked(
                    "view", lambda: check_view(admin, settings.bootstrap_servers, client, settings.ready_lag)
                )
    except LifecycleError as error:
        yield wrong("redis", f"{str(error).rstrip('.')}.", "Write it as redis://host:port/0.")
    except RedisAwayError as error:
        yield wrong(
            "redis",
            f"It does not answer: {str(error).rstrip('.')}.",
            "Start it (`stageline up`), or set REDIS_URL.",
        )


def _asked(about: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Run a check; that it cannot be run is a finding."""
    try:
        yield from check()
    except (AuthorizationError, LifecycleError) as error:
        yield unknown(about, _cannot(error), "Give this user the right to describe it.")
    except KafkaError as error:  # a broker or coordinator that has just come up, say
        yield unknown(about, _cannot(error), LOOK_AGAIN)


def _cannot(error: Exception) -> str:
    return f"It cannot be looked at: {str(error).rstrip('.')}."
