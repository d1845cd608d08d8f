from __future__ import annotations

from typing import TYPE_CHECKING

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from redis import Redis

from tests.builders.doctor import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.stack.server import LocalServer


def test_a_transaction_on_the_broker_is_read_by_a_read_committed_consumer(
    bootstrap_servers: str, unique: Callable[[str], str]
) -> None:
    topic = unique("engagement")
    with KafkaAdminClient(bootstrap_servers=bootstrap_servers) as admin:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    with KafkaProducer(bootstrap_servers=bootstrap_servers, transactional_id=unique("writer")) as producer:
        producer.init_transactions()
        for value, end in (
            (b"taken back", producer.abort_transaction),
            (b"kept", producer.commit_transaction),
        ):
            producer.begin_transaction()
            producer.send(topic, value)
            end()
    with KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    ) as consumer:
        assert next(iter(consumer)).value == b"kept"


def test_the_view_store_keeps_what_is_written(redis_url: str, unique: Callable[[str], str]) -> None:
    with Redis.from_url(redis_url, decode_responses=True) as store:
        store.set(unique("contact"), "c1", ex=60)
        assert store.get(unique("contact")) == "c1"


def test_a_killed_broker_comes_back_at_the_same_address_with_its_topics(broker: LocalServer) -> None:
    before = broker.address
    with KafkaAdminClient(bootstrap_servers=before) as admin:
        admin.create_topics([NewTopic("contact-events", num_partitions=2, replication_factor=1)])
    broker.kill()
    assert not broker.answers(broker.port)
    broker.start()
    with KafkaAdminClient(bootstrap_servers=before) as admin:
        assert (broker.address, "contact-events" in admin.list_topics()) == (before, True)


def test_a_paused_valkey_is_silent_until_it_goes_on(valkey: LocalServer) -> None:
    valkey.pause()
    assert not valkey.answers(valkey.port)
    valkey.resume()
    wait_until(lambda: valkey.answers(valkey.port))  # it has a second for each answer
