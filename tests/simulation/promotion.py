"""One promotion: traffic, faults, and a command that builds, is killed, begins again, switches or aborts.

Afterwards the log is replayed by one plain fold: outputs and states must be the same, whatever was struck.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from functools import cache, partial
from random import Random
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from processors.engine import rules
from processors.engine.fencing import transactional_prefix
from processors.engine.lifecycle import Lifecycle
from processors.engine.living import Living
from processors.engine.partition import Partition
from processors.engine.shelf import MemoryShelf
from processors.engine.transaction import partition_of
from processors.engine.turns import Turns
from processors.lifecycle_files import load_lifecycle
from processors.promotion.barrier import KEY, barrier
from schemas.codec import encode
from schemas.topics import (
    CONTACT_EVENTS,
    CONTACT_KEYS,
    DEAD_LETTER,
    LIFECYCLE_CHANGELOG,
    generation_changelog,
)
from tests.builders.erasures import Ledger
from tests.builders.lifecycles import sooner
from tests.simulation import clients, faults
from tests.simulation.clients import Consumer, Producer
from tests.simulation.promotion_log import (
    TOPICS,
    barriers_in,
    contacts_in,
    key_rows,
    log_of,
    logged_in,
    replayed,
    states_in,
    told_in,
)
from tests.simulation.publishers import Publishers
from tests.simulation.world import Cast, World

if TYPE_CHECKING:
    from collections.abc import Iterator


OWNER = transactional_prefix("stageline-lifecycle", CONTACT_EVENTS.name)
BUILT = generation_changelog(2).name
ACTION_S, PATIENCE_S, LOOK_S = 25.0, 90.0, 0.5
STRUCK = 0.15  # how likely the command is killed in each step it takes, beside the random strikes
preset = cache(load_lifecycle)
PRESETS = ("buyers-journey", "clarity", "engaged", "revenue", "inveniv")
FAULTS = (
    *(
        faults.kill,
        faults.kill,
        faults.kill,
        faults.freeze,
        faults.terminate,
        faults.join,
        faults.broker_away,
    ),
    *(faults.split_brain, faults.fencing, faults.loss, faults.slowness, faults.late_markers, faults.refusal),
)


class Promotion:
    """`struck` counts at which step the promoting process was killed; `aborted`: it was given up before."""

    def __init__(self, seed: int) -> None:
        chance = Random(seed)  # noqa: S311 - reproducible
        name, other = chance.sample(PRESETS, 2)
        self.old, self.new = preset(name), sooner(name) if chance.random() < 0.5 else preset(other)
        cast = Cast(
            source=CONTACT_EVENTS.name,
            alike=(LIFECYCLE_CHANGELOG.name, BUILT),
            others=(*TOPICS.values(), CONTACT_KEYS.name, DEAD_LETTER.name),
            processor=partial(Lifecycle, self.old),
        )
        self.world = World(chance, cast)
        self.struck: Counter[str] = Counter()
        self.aborts = chance.random() < 0.25  # the command is given up, unless the barriers are written
        self.aborted = False
        self.erased = 0
        self._giving_up = False
        self._violations: list[str] = []
        self._wanted = chance.randint(1, 3)
        self._step = ""
        self._promoter: str | None = None
        clients.ROWS_PER_BATCH = 40  # of fifty keys that go with each erasure; all in good time
        rules.GONE_OVER_AT_ONCE = chance.choice((1, 2, 1_000))
        rules.LOOKED_AT_AT_ONCE = chance.choice((1, 2, 1_000))

    def run(self) -> list[str]:
        with self.world.running():
            self.world.broker.settled = self._check_erasures
            self._schedule()
            done = self.world.loop.comes_to_an_end(self._until_done())
            return [
                *self._violations,
                *([] if done else [f"not done: {self._where()}"]),
                *self._judge(),
            ]

    def _schedule(self) -> None:
        later, chance = self.world.loop.later, self.world.chance
        self.world.supervise(self._wanted)
        publishers = Publishers(self.world)
        for _ in range(chance.randint(20, 60)):
            later(chance.uniform(0, ACTION_S), publishers.tell_something)
        for _ in range(chance.randint(1, 6)):
            later(chance.uniform(0, ACTION_S), lambda: chance.choice(FAULTS)(self.world))
        later(chance.uniform(1, ACTION_S / 2), self._begin)
        for _ in range(chance.randint(0, 4)):
            later(chance.uniform(1, ACTION_S), self._strike_promoter)
        if self.aborts:
            later(chance.uniform(2, ACTION_S), self._abort)
        if chance.random() < 0.3:
            later(chance.uniform(1, ACTION_S), self._lose_what_was_built)
        self._tend()

    def _begin(self) -> None:
        """Start the command; it is begun again as long as it has neither ended nor been given up."""
        if not self.aborted and not self._giving_up and not self._barriers():
            self._promoter = self.world.new_name("promote")
            self.world.loop.spawn(self._promoter, self._command())

    def _strike_promoter(self) -> None:
        if self._promoter is not None:
            self.struck[self._step] += 1
            self.world.loop.halt(self._promoter)
            self._promoter = None
            self.world.loop.later(self.world.chance.uniform(0.1, 4), self._begin)

    def _abort(self) -> None:
        """Give it up, as the command does: fence whoever promotes, and delete what was built."""
        if not self._barriers():
            self._giving_up = True
            self._strike_promoter()
            self.world.loop.spawn(self.world.new_name("abort"), self._give_up())

    async def _give_up(self) -> None:
        with suppress(KafkaError):  # the command ends, and is not given again
            await Producer(self.world, "stageline-promote").start()
            await asyncio.sleep(5)  # markers of a switch that was just decided
            if not self._barriers():
                self.aborted = True
                self._lose_what_was_built()
        self._giving_up = False

    def _lose_what_was_built(self) -> None:
        for place in self.world.places(BUILT):
            log = self.world.broker.logs[place]
            log.cut(log.end)

    async def _command(self) -> None:
        try:
            await self._promote()
        except KafkaError:  # the command ends; whoever gave it gives it again
            self._promoter = None

    async def _promote(self) -> None:
        """Do what `stageline promote` does: build, then write all barriers in one transaction."""
        self._at("fencing")
        producer = Producer(self.world, "stageline-promote")
        await producer.start()
        if self._barriers() or self.aborted:
            return
        self._at("building")
        if self.world.chance.random() < 0.8:
            await self._build()
        self._at("switching")
        record = encode(
            barrier(self.new, 2, replaces=self.old.plan_hash, at=self.world.broker.now_ms(), in_place=False)
        )
        await producer.begin_transaction()
        for place in self.world.places(CONTACT_EVENTS.name):
            batch = producer.create_batch()
            batch.append(timestamp=None, key=KEY, value=record, headers=())
            await (await producer.send_batch(batch, place.topic, partition=place.partition))
        await producer.commit_transaction()
        self._at("waiting")

    def _at(self, step: str) -> None:
        """Note the step; now and then the process is killed in the middle of it."""
        self._step = step
        if self.world.chance.random() < STRUCK:
            self.world.loop.later(self.world.chance.uniform(0, 0.2), self._strike_promoter)

    async def _build(self) -> None:
        """Apply the log to the new definition with the engine's own partitions, until little is left."""
        living = Living(self.new, 2)
        consumer = Consumer(self.world, "read_committed")
        places = self.world.places(CONTACT_EVENTS.name)
        consumer.assign(places)
        turns, shelf = Turns(), MemoryShelf()
        parts = {place: Partition(place, living, consumer, "simulated", turns, shelf) for place in places}
        living.reached = lambda contact_id: (
            parts[
                self.world.place(CONTACT_EVENTS.name, partition_of(contact_id.encode(), len(places)))
            ].next_offset
        )
        serving = []
        for place, part in parts.items():
            await part.open()
            consumer.seek(place, part.next_offset)
            part.accept()
            serving.append(asyncio.create_task(part.serve()))
        until = asyncio.get_running_loop().time() + self.world.chance.uniform(0.5, 6)
        while asyncio.get_running_loop().time() < until and not any(one.done() for one in serving):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                parts[place].offer(records)
        for part, task in zip(parts.values(), serving, strict=True):
            await part.hold()
            task.cancel()

    def _tend(self) -> None:
        self.world.supervise(self._wanted)
        self.world.loop.later(self.world.chance.uniform(0.5, 2), self._tend)

    async def _until_done(self) -> bool:
        await asyncio.sleep(ACTION_S + 15)
        for _ in range(int(PATIENCE_S / LOOK_S)):
            if not self._barriers() and not self.aborted and self._promoter is None:
                self._begin()
            if self._is_done():
                return True
            await asyncio.sleep(LOOK_S)
        return False

    def _is_done(self) -> bool:
        members = self.world.workers.values()
        if not (self._barriers() or self.aborted) or not all(one.ready() for one in members):
            return False
        if any(log.stable_end < log.end for log in self.world.broker.logs.values()):
            return False  # readers would not see all that was told
        parts = [part for one in members for part in one.partitions.values()]
        read = [
            one.source for one in parts if not self.world.broker.logs[one.source].read(one.next_offset, 1)[0]
        ]
        return sorted(read) == self.world.places(CONTACT_EVENTS.name)

    def _where(self) -> str:
        return (
            f"step {self._step}, barriers {self._barriers()}, aborted {self.aborted}, ends {self.world.ends}"
        )

    def _barriers(self) -> int:
        return barriers_in(self.world)

    def _check_erasures(self, transactional_id: str) -> None:
        """Whatever has died: keys and states go together."""
        if transactional_id.startswith(OWNER) and self.world.broker.is_settled(transactional_id):
            place = self.world.place(LIFECYCLE_CHANGELOG.name, int(transactional_id.removeprefix(OWNER)))
            contacts = contacts_in(logged_in(self.world, place), (self.old, self.new))
            self._violations += Ledger(log_of(self.world), key_rows(self.world), contacts).deleted_amiss()

    def _judge(self) -> Iterator[str]:
        told, states, offers = told_in(self.world), states_in(self.world), Counter[str]()
        expected, lived = replayed(self.old, log_of(self.world), self.world.sources)
        for where in sorted(told.keys() | expected.keys()):
            if told.get(where) != expected.get(where):
                yield f"{where}: told {told.get(where)}, expected {expected.get(where)}"
        yield from (
            f"state of {key!r}" for key in states.keys() | lived.keys() if states.get(key) != lived.get(key)
        )
        ledger = Ledger(log_of(self.world), key_rows(self.world), contacts_in(states, (self.old, self.new)))
        self.erased = ledger.erased()
        yield from ledger.amiss()
        for changes in told.values():
            offers.update(one["handoff"] for one in changes if one.get("action") == "offered")
        yield from (f"hand-off {one} was offered {count} times" for one, count in offers.items() if count > 1)
        if self._barriers() not in {0, self.world.sources}:
            yield f"{self._barriers()} barriers in {self.world.sources} partitions"
        if self.aborted and any(
            one["plan_hash"] != self.old.plan_hash for all_ in told.values() for one in all_
        ):
            yield "the new definition spoke, although it was given up"


def main(first: int, seeds: int) -> None:
    """Run seeds and print one line of figures; PYTHONHASHSEED must be 0 for a seed to say everything."""
    failed, struck, aborted, erased = {}, Counter[str](), 0, 0
    for seed in range(first, first + seeds):
        one = Promotion(seed)
        if violations := one.run():
            failed[seed] = violations
        struck.update(one.struck)
        aborted += one.aborted
        erased += one.erased
    figures = {"seeds": seeds, "failed": failed, "promoter_struck_while": dict(sorted(struck.items()))}
    print(json.dumps(figures | {"aborted": aborted, "erased": erased}))  # noqa: T201 - what the command is for


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
