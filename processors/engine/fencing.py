"""How a new owner of a transactional id takes over: what the former one began is ended as it was decided.

Brokers lose track of markers. A transaction's coordinator leaves out each partition whose leader it does not
know at that moment and takes the transaction for complete (seen on Kafka 4.4.0 after a full disk, and after a
broker stood still for 45 s). What was written there then stays open: nobody can read past it, and the next
marker of the same producer decides about it, whatever that is. So the first marker of a new owner must be the
one that is missing; and an owner whose broker was gone takes over from itself.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced
from aiokafka.protocol.coordination import FindCoordinatorRequest
from kafka.admin import TransactionState
from kafka.errors import TransactionalIdNotFoundError, UnsupportedVersionError
from tenacity import before_sleep_log, retry, retry_if_exception, wait_fixed

from processors.engine.place import consumed_place
from processors.engine.producer import saying_why
from processors.engine.shared_admin import ask
from processors.engine.transaction import commit, is_fenced, make_producer
from schemas.errors import LifecycleError, NoBrokerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from kafka.admin import KafkaAdminClient

    from processors.engine.place import Place
    from processors.engine.transaction import Rows

AWAY = (NoBrokerError, KafkaConnectionError)  # no broker answers; see `is_away`
AWAY_S = 0.5  # between two tries to reach it
KEEP_ALIVE_S = 60.0  # clients and brokers close a connection after nine or ten minutes of silence
# A transaction took as long: a broker that stood still has no leaders for a moment, too. It is less than any
# broker's session with its controller.
STALL_S = 4.0
log = logging.getLogger(__name__)


class Owner(NamedTuple):
    """Who may write under a transactional id: each start of a producer has the next epoch."""

    producer_id: int
    epoch: int


NOBODY = Owner(-1, -1)  # has had the id so far


class Last(NamedTuple):
    """The last transaction of a transactional id: whose it was, and whether it was decided to commit it."""

    owner: Owner
    committed: bool


def is_away(error: BaseException | None) -> bool:
    """Tell whether it is for want of a broker; aiokafka may have put a KafkaError around the reason."""
    return error is not None and (isinstance(error, AWAY) or is_away(error.__cause__))


async def last_transaction(bootstrap: str, transactional_id: str) -> Last:
    """Ask the coordinator, which may have to come up yet. Raises NoBrokerError when no broker answers."""
    return await ask(bootstrap, _last_transaction, transactional_id)


def _last_transaction(admin: KafkaAdminClient, transactional_id: str) -> Last:
    try:
        last = admin.describe_transactions([transactional_id])[transactional_id]
    except TransactionalIdNotFoundError:
        return Last(NOBODY, committed=False)
    except UnsupportedVersionError as error:
        raise LifecycleError("The brokers are too old: Stageline needs Kafka 3.0 or newer.") from error
    committed = last.state in {TransactionState.PREPARE_COMMIT, TransactionState.COMPLETE_COMMIT}
    return Last(Owner(last.producer_id, last.producer_epoch), committed)


def transactional_prefix(processor: str, topic: str) -> str:
    """Return how the transactional ids of a processor's source begin; the partition's number follows."""
    return f"{processor}-{topic}-"


class Ownership:
    """The right to write under a transactional id, until another starts; by means of `producer`.

    `group`: whose offsets are written, if any.
    """

    def __init__(self, bootstrap: str, transactional_id: str, group: str = "") -> None:
        self._bootstrap = bootstrap
        self._id = transactional_id
        self._group = group
        self._targets: tuple[TopicPartition, ...] = ()
        self._committed = False  # the transaction before the fencing
        self._connection: object = None  # to the coordinator, since the fencing
        self._used = 0.0  # that connection, by the event loop's clock
        self.producer = make_producer(bootstrap, transactional_id)

    async def start(self, former: Owner | None = None) -> None:
        """End the former owner, and learn how its last transaction ended.

        That is asked before: the coordinator forgets it as soon as a producer starts. The answer counts only
        if nobody started, and nothing was aborted, between the question and our start. Raises ProducerFenced
        if it is not `former` that we follow.
        """
        last = await last_transaction(self._bootstrap, self._id)
        if former not in {None, last.owner}:
            raise ProducerFenced
        await self.producer.start()
        follows = _owner(self.producer) == Owner(last.owner.producer_id, last.owner.epoch + 1)
        if former is not None and not follows:
            raise ProducerFenced
        self._committed = follows and last.committed

    async def fence(self, targets: Iterable[TopicPartition]) -> None:
        """Let a transaction without records pass through every partition that may be written to.

        Its markers carry the new epoch into each: nothing that a former owner sent can be written there any
        more. And what is still open there for want of a marker ends as the last transaction did. The group's
        offsets are one of these partitions.
        """
        self._targets = tuple(targets)
        with saying_why(self.producer):
            await self._pass_through(commit=self._committed)
        self._connection = coordinator_connection(self.producer)
        self._used = _now()

    async def _pass_through(self, *, commit: bool) -> None:
        await self.producer.begin_transaction()
        for target in self._targets:  # aiokafka's public way into a transaction is a record, or an offset
            self.producer._txn_manager.maybe_add_partition_to_txn(target)  # noqa: SLF001
        while self._group and not await self.producer._sender._do_add_offsets_to_txn(self._group):  # noqa: SLF001
            pass  # it has waited before it says so
        if commit:
            await self.producer.commit_transaction()
        else:
            await self.producer.abort_transaction()

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Return all partitions of topics that are there."""
        known = await self.producer.client.fetch_all_metadata()
        return [
            TopicPartition(topic, one) for topic in topics for one in known.partitions_for_topic(topic) or ()
        ]

    async def committed_offset(self, consumer: AIOKafkaConsumer, source: TopicPartition) -> Place | None:
        """Return what the group has consumed of a source: two answers that agree. To be asked after `fence`.

        A group's coordinator that has just come up may be asked for offsets before it has read them all;
        aiokafka takes its refusal for "nothing was consumed", and was told older offsets, too. But it answers
        a write only when all that was committed before can be read. So each question comes after a write,
        never to be seen: only a broker that went down in between can make an answer wrong, and not two alike.
        """
        answers: list[Place | None] = []
        while len(answers) < 2 or answers[-1] != answers[-2]:
            await self.make_sure()
            with saying_why(self.producer):
                await self.producer.begin_transaction()
                await self.producer.send_offsets_to_transaction({source: 0}, self._group)
                await self.producer.abort_transaction()
            answers.append(await consumed_place(consumer, source))
        if answers[0] != answers[-1]:
            log.warning("offset told anew topic=%s partition=%d told=%s", *source, answers)
        return answers[-1]

    @property
    def unsure(self) -> bool:
        """Whether `make_sure` has something to do."""
        return self._lost or _now() - self._used > KEEP_ALIVE_S

    @property
    def _lost(self) -> bool:
        """Whether the coordinator was gone since the fencing: markers may be missing."""
        return self._connection is None or coordinator_connection(self.producer) is not self._connection

    async def make_sure(self) -> None:
        """See to it that the last transaction has ended. Raises ProducerFenced if another was owner since.

        If the coordinator was gone, take over from oneself. If nothing was said for long, say something: both
        ends close a connection on which nothing is said for nine or ten minutes.
        """
        if self._lost:
            former, self.producer = self.producer, make_producer(self._bootstrap, self._id)
            await former.stop()
            await self.start_patiently(_owner(former))
            await self.fence(self._targets)
            log.info("took over from ourselves id=%s committed=%s", self._id, self._committed)
        elif self.unsure:
            with suppress(KafkaError):  # then it is lost, and seen to be
                await say_something(self.producer, self._id)
            self._used = _now()

    async def settle(self) -> None:
        """Return when the last transaction, a commit, has ended: a coordinator begins another only then."""
        with saying_why(self.producer):
            await self._pass_through(commit=True)
        await self.make_sure()

    @retry(
        retry=retry_if_exception(is_away),
        wait=wait_fixed(AWAY_S),
        before_sleep=before_sleep_log(log, logging.WARNING),
    )
    async def start_patiently(self, former: Owner | None = None) -> None:
        """Do as `start` does, and again for as long as no broker answers."""
        await self.start(former)

    async def commit(
        self, rows: Rows, consumed: Mapping[TopicPartition, tuple[int, str]]
    ) -> dict[TopicPartition, int]:
        """Do one transaction: see `transaction.commit`."""
        await self.make_sure()
        began = _now()
        with saying_why(self.producer):
            ends = await commit(self.producer, rows, consumed, self._group)
        self._used = _now()
        if self._used - began > STALL_S:
            self._connection = None
        return ends

    async def stop(self) -> None:
        """Stop the producer; the right remains with nobody."""
        await self.producer.stop()


@asynccontextmanager
async def only_writer(
    bootstrap: str, transactional_id: str, topics: Iterable[str], taken_over: str
) -> AsyncIterator[Ownership]:
    """Own an id for the length of a block that writes to these topics; at its end all is settled.

    Raises LifecycleError, with `taken_over` as its text, when another takes over, and when no broker answers.
    """
    ownership = Ownership(bootstrap, transactional_id)
    try:
        await ownership.start()
        await ownership.fence(await ownership.partitions(topics))
        yield ownership
        await ownership.settle()
    except Exception as error:  # of fencing, any type may tell; all else is raised again
        if not is_fenced(error):
            raise
        raise LifecycleError(taken_over) from error
    finally:
        await ownership.stop()


def _owner(producer: AIOKafkaProducer) -> Owner:
    known = producer._txn_manager  # noqa: SLF001 - aiokafka keeps it to itself
    return Owner(known.producer_id, known.producer_epoch)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def say_something(producer: AIOKafkaProducer, transactional_id: str) -> None:
    """Ask the coordinator who the coordinator is."""
    node = producer._sender._coordinators[CoordinationType.TRANSACTION]  # noqa: SLF001
    question = FindCoordinatorRequest(transactional_id, CoordinationType.TRANSACTION)
    await producer.client.send(node, question, group=ConnectionGroup.COORDINATION)


def coordinator_connection(producer: AIOKafkaProducer) -> object:
    """Return the connection to the transactions' coordinator, None when there is none just now."""
    node = producer._sender._coordinators.get(CoordinationType.TRANSACTION)  # noqa: SLF001
    connection = producer.client._conns.get((node, ConnectionGroup.COORDINATION))  # noqa: SLF001
    return connection if connection is not None and connection.connected() else None
