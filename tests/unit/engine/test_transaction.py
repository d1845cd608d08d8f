import asyncio
import time
import tracemalloc
from typing import Any
from zlib import crc32

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced
from kafka.partitioner.default import murmur2

from processors.engine.batch import Output
from processors.engine.producer import saying_why
from processors.engine.transaction import Rows, commit, is_fenced, make_producer, route
from tests.builders import both


@pytest.fixture(params=["reference", "native"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "native" and not both.INSTALLED:
        pytest.skip(both.WHY_NOT)
    monkeypatch.setenv("STAGELINE_BACKEND", request.param)


@pytest.mark.usefixtures("backend")
def test_outputs_go_to_the_partition_that_every_kafka_client_would_choose_and_keep_their_order() -> None:
    keys = [b"contact-%d" % (number % 7) for number in range(50)]
    keys += [bytes(range(size))[::-1] for size in range(250)]  # all lengths, also bytes above 127
    outputs = [Output(topic, key, b"%d" % n) for n, key in enumerate(keys) for topic in ("out", "more")]
    counts = {"out": 5, "more": 12, "none": 3}
    rows = route(outputs, counts)
    expected: Rows = {}
    for topic, key, value, headers in outputs:
        target = TopicPartition(topic, (murmur2(key or b"") & 0x7FFFFFFF) % counts[topic])
        expected.setdefault(target, []).append((key, value, headers))
    assert rows == expected


@pytest.mark.usefixtures("backend")
def test_an_output_without_a_key_goes_where_an_empty_key_goes() -> None:
    (target,) = route([Output("out", None, b"1"), Output("out", b"", b"2")], {"out": 7})
    assert target.partition == (murmur2(b"") & 0x7FFFFFFF) % 7


@pytest.mark.usefixtures("backend")
def test_long_keys_go_where_their_checksum_says() -> None:
    key = b"k" * 2_000
    assert list(route([Output("out", key, b"")], {"out": 8})) == [TopicPartition("out", crc32(key) % 8)]


@pytest.mark.usefixtures("backend")
def test_the_keys_of_dead_letters_are_neither_kept_nor_hashed_for_long() -> None:
    """Whoever publishes chooses them, and they may be as large as a record."""
    begun = time.process_time()
    tracemalloc.start()
    for number in range(64):
        route([Output("dead-letter", b"%06d" % number + bytes(100_000), None)], {"dead-letter": 8})
    kept, _most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000
    assert time.process_time() - begun < 1  # seconds; in Python 2, and 20 while memory is traced


def test_a_producer_is_known_to_be_fenced_even_when_the_client_wraps_the_reason() -> None:
    wrapped = KafkaError("Unexpected error during batch delivery")
    wrapped.__cause__ = ProducerFenced()
    assert is_fenced(wrapped)
    assert is_fenced(ProducerFenced())
    assert not is_fenced(KafkaError("the disk is full"))


class FencedBetweenTwoSends:
    """aiokafka's producer when its background task is refused after it has taken a first record batch."""

    def __init__(self) -> None:
        self._first: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def begin_transaction(self) -> None:
        pass

    def create_batch(self) -> "FencedBetweenTwoSends":
        return self

    def append(self, **_row: object) -> object:
        return self

    def record_count(self) -> int:
        return 1

    async def send_batch(self, _builder: object, _topic: str, *, partition: int) -> asyncio.Future[Any]:
        if partition:
            self._first.set_exception(ProducerFenced())
            raise IllegalOperation("Can't send messages while not in transaction")
        return self._first


def test_a_producer_fenced_between_two_record_batches_is_known_to_be_fenced() -> None:
    rows: Rows = {TopicPartition("out", number): [(b"key", b"value", [])] for number in (0, 1)}

    async def write() -> None:
        producer: Any = FencedBetweenTwoSends()
        await commit(producer, rows, {}, "group")

    with pytest.raises(ProducerFenced):
        asyncio.run(write())


@pytest.mark.parametrize("ends", ["commit_transaction", "abort_transaction", "begin_transaction"])
def test_a_producer_that_was_fenced_before_it_is_used_again_says_so(ends: str) -> None:
    """aiokafka itself only asserts that such a producer is not used any more."""
    wrapped = KafkaError("Unexpected error during batch delivery")
    wrapped.__cause__ = ProducerFenced()

    async def use() -> None:
        async def work() -> None:
            raise wrapped

        producer = make_producer("127.0.0.1:1", "id")
        producer._txn_manager.set_pid_and_epoch(7, 4)
        await producer.begin_transaction()
        producer._sender._sender_task = asyncio.create_task(work())
        producer._sender._sender_task.add_done_callback(producer._sender._fail_all)
        await asyncio.sleep(0.01)
        try:
            with saying_why(producer):
                await getattr(producer, ends)()
        finally:
            await producer.stop()

    with pytest.raises(KafkaError) as refused:
        asyncio.run(use())
    assert is_fenced(refused.value)
