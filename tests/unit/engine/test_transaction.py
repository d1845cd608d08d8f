from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced
from kafka.partitioner.default import murmur2

from processors.engine.batch import Output
from processors.engine.transaction import Rows, is_fenced, route


def test_outputs_go_to_the_partition_that_every_kafka_client_would_choose_and_keep_their_order() -> None:
    outputs = [Output("out", b"contact-%d" % (number % 7), b"%d" % number) for number in range(50)]
    rows = route(outputs, {"out": 5})
    expected: Rows = {}
    for _, key, value, headers in outputs:
        target = TopicPartition("out", (murmur2(key) & 0x7FFFFFFF) % 5)
        expected.setdefault(target, []).append((key, value, headers))
    assert rows == expected


def test_a_producer_is_known_to_be_fenced_even_when_the_client_wraps_the_reason() -> None:
    wrapped = KafkaError("Unexpected error during batch delivery")
    wrapped.__cause__ = ProducerFenced()
    assert is_fenced(wrapped)
    assert is_fenced(ProducerFenced())
    assert not is_fenced(KafkaError("the disk is full"))
