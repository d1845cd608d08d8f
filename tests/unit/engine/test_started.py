import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from processors.engine.started import started


class Slow(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    """One whose broker does not answer."""

    stopped = False

    async def start(self) -> None:
        await asyncio.sleep(60)

    async def stop(self) -> None:
        self.stopped = True
        await super().stop()


def test_a_consumer_that_is_given_up_while_it_starts_is_stopped() -> None:
    async def run() -> bool:
        consumer = Slow(bootstrap_servers="127.0.0.1:1")

        async def use() -> None:
            async with started(consumer):
                raise AssertionError("it has not started")

        task = asyncio.create_task(use())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        return consumer.stopped

    assert asyncio.run(run())


class Early(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    """One whose broker comes up meanwhile."""

    refusals = 2

    async def start(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise KafkaConnectionError


def test_a_start_waits_for_the_broker_to_come_up() -> None:
    async def run() -> int:
        async with started(Early(bootstrap_servers="127.0.0.1:1")) as consumer:
            return int(consumer.refusals)

    assert asyncio.run(run()) == 0
