"""One seed: a world is made, events flow, faults strike, the world heals, and what is left is judged."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from processors.engine.place import Place
from processors.engine.recovery import PROGRESS_KEY
from tests.simulation.clients import Consumed
from tests.simulation.faults import DAMAGES, FAULTS
from tests.simulation.loop import StalledError
from tests.simulation.reminding import CHANGELOG, OUT, SOURCE, expected
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.simulation.log import Log

ACTION_S = 30.0  # events flow and faults strike for so long
HEALED_S = 20.0  # then all faults have ended
PATIENCE_S = 60.0  # and by then everything must be done: sessions, reopening and time-outs are about 8 s each
RETRY_S = 0.5
WATCH_S = 0.1


@dataclass(slots=True, kw_only=True)
class Outcome:
    """`violations` is empty when all went well. `trace` is the same whenever the seed is."""

    seed: int
    violations: list[str]
    trace: str
    steps: int
    faults: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


def simulate(seed: int) -> Outcome:
    """Run one seed."""
    world = World(Random(seed))  # noqa: S311 - reproducible
    plan = Scenario(world)
    with world.running():
        violations = plan.play()
        return Outcome(
            seed=seed,
            violations=violations,
            trace=sha256(
                repr([_rows(world.broker.logs.values()), world.loop.steps, world.loop.time()]).encode()
            ).hexdigest()[:12],
            steps=world.loop.steps,
            faults=plan.faults,
            ends=world.ends,
        )


class Scenario:
    """What happens when. `sent`: the distinct ids of each contact, whatever becomes of them."""

    def __init__(self, world: World) -> None:
        self.faults: list[str] = []
        self.sent: dict[bytes, set[str]] = {}
        self._world = world
        self._chance = world.chance
        self._violations: list[str] = []
        self._wanted = self._chance.randint(1, 4)
        self._damages = self._chance.choice(DAMAGES)

    def play(self) -> list[str]:
        loop = self._world.loop
        self._world.broker.settled = self._check_offset
        self._schedule()
        try:
            loop.run_until_complete(self._until_done())
        except StalledError:
            self._violations.append("nothing moves any more")
        return self._violations + list(self._judge())

    def _schedule(self) -> None:
        later, chance = self._world.loop.later, self._chance
        self._world.supervise(self._wanted)
        for number in range(chance.randint(10, 80)):
            later(chance.uniform(0, ACTION_S), partial(self._publish, number))
        for _ in range(chance.randint(1, 8)):
            later(chance.uniform(0, ACTION_S), self._strike)
        self._tend()
        self._watch()

    def _publish(self, number: int) -> None:
        """Send an event; one in five twice or thrice, at some distance."""
        key, name = b"c%d" % self._chance.randrange(8), f"e{number}"
        value = json.dumps({"id": name, "at": self._world.broker.now_ms()}).encode()
        source = self._world.places(SOURCE)[hash(key) % self._world.sources]
        self.sent.setdefault(key, set()).add(name)
        self._world.broker.publish(source, [(key, value)])
        for _ in range(self._chance.choice([0, 0, 0, 0, 1, 2])):
            self._world.loop.later(
                self._chance.uniform(0, 10), lambda: self._world.broker.publish(source, [(key, value)])
            )

    def _strike(self) -> None:
        fault = self._chance.choice(FAULTS + 3 * self._damages)
        self.faults.append(f"{self._world.loop.time():.3f} {fault.__name__}")
        fault(self._world)

    def _tend(self) -> None:
        """A supervisor: what has ended is started again after a while."""
        self._world.supervise(self._wanted)
        self._world.loop.later(self._chance.uniform(RETRY_S, 4 * RETRY_S), self._tend)

    def _watch(self) -> None:
        """No store may hold what is not certain to be committed."""
        decided = self._world.broker.decided
        for member in () if self._damages else self._world.workers.values():
            for source, partition in member.partitions.items():
                states = [json.loads(state) for _, state in partition.store.items()]
                if any(state["last"] >= decided.get(source, 0) for state in states):
                    self._violations.append(f"{source}: a store is ahead of the commits")
        self._world.loop.later(WATCH_S, self._watch)

    def _check_offset(self, _transactional_id: str) -> None:
        if self._damages or self._world.broker.undecidable:
            return  # then the two need not agree
        for source, log in zip(self._world.places(SOURCE), self._world.places(CHANGELOG), strict=True):
            if self._world.broker.is_settled(f"reminding-{SOURCE}-{source.partition}"):
                progress = _progress(self._world.broker.logs[log])
                committed = Consumed.of(self._world.broker.committed.get(source, 0)).told()
                if progress.to_commit() != committed:
                    self._violations.append(f"{source}: {committed} committed, state at {progress}")

    async def _until_done(self) -> None:
        await asyncio.sleep(ACTION_S + HEALED_S)
        for _ in range(int(PATIENCE_S / RETRY_S)):
            if self._is_done():
                return
            await asyncio.sleep(RETRY_S)
        self._violations.append(f"not done {PATIENCE_S:.0f} s after the last fault: {self._where()}")

    def _is_done(self) -> bool:
        """Every source is read to its end by its one owner, and nobody waits for anything."""
        members = self._world.workers.values()
        if not all(member.ready() and not member.crashed for member in members):
            return False
        partitions = [one for member in members for one in member.partitions.values()]
        logs = self._world.broker.logs
        done = [one.source for one in partitions if not logs[one.source].read(one.next_offset, 1)[0]]
        return sorted(done) == self._world.places(SOURCE) and not any(one.timers for one in partitions)

    def _where(self) -> str:
        return "; ".join(f"{name}: {member.status()}" for name, member in self._world.workers.items())

    def _judge(self) -> Iterator[str]:
        """Compare outputs and states with what was sent, and with a fold of the log by other code."""
        world = self._world
        if world.broker.undecidable:
            return
        fold = expected(row for place in world.places(SOURCE) for row in world.broker.logs[place].committed())
        outputs: dict[bytes, list[bytes]] = {}
        for number in world.broker.partitions(OUT):
            for row in world.broker.logs[world.place(OUT, number)].committed():
                outputs.setdefault(row.key or b"", []).append(row.value or b"")
        for key in sorted(fold.outputs.keys() | outputs.keys()):
            if outputs.get(key) != fold.outputs.get(key):
                yield f"{key!r} was told {outputs.get(key)}, expected {fold.outputs.get(key)}"
        yield from self._differences("stores", dict(self._stored()))
        if not self._damages:  # a changelog that was cut is whole again only after the next takeover
            yield from self._differences("changelogs", dict(self._logged()))

    def _differences(self, where: str, states: dict[bytes, bytes]) -> Iterator[str]:
        found = {key: set(json.loads(state)["ids"]) for key, state in states.items()}
        for key in sorted(found.keys() | self.sent.keys()):
            if found.get(key) != self.sent.get(key):
                yield f"{key!r} in the {where}: {found.get(key)}, sent were {self.sent.get(key)}"

    def _stored(self) -> Iterator[tuple[bytes, bytes]]:
        for member in self._world.workers.values():
            for partition in member.partitions.values():
                yield from partition.store.items()

    def _logged(self) -> Iterator[tuple[bytes, bytes]]:
        for place in self._world.places(CHANGELOG):
            for row in self._world.broker.logs[place].committed():
                if row.key != PROGRESS_KEY:
                    yield row.key or b"", row.value or b""


def _progress(log: Log) -> Place:
    offset, *_, told = map(int, (log.newest(PROGRESS_KEY) or b"0 0").split())
    return Place(offset, told)


def _rows(logs: Iterable[Log]) -> list[tuple[object, ...]]:
    return [(entry.offset, entry.key, entry.value, entry.status) for log in logs for entry in log.entries]
