"""The simulated group coordinator: eager rebalances, sessions, generations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka.errors import IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from aiokafka import TopicPartition

    Assigned = frozenset[TopicPartition]
    Reply = Callable[["Assigned", int], None]


@dataclass(slots=True, kw_only=True)
class Membership:
    """`joined`: how to answer the join request that waits; None while the member has not (re)joined."""

    seen: float
    joined: Reply | None = None


class Group:
    """All times in seconds. `stick` is how likely a partition stays where it was."""

    def __init__(self, partitions: Sequence[TopicPartition], chance: Random, session: float) -> None:
        self.stick = 0.5
        self.split = 0.0  # how likely a second member is told to own a partition, too
        self.generation = 0
        self.owners: dict[TopicPartition, str] = {}
        self.members: dict[str, Membership] = {}
        self._partitions = partitions
        self._chance = chance
        self._session = session
        self._rebalancing: float | None = None  # since when

    def join(self, member: str, now: float, joined: Reply) -> None:
        """Take part in the next generation; the answer comes when it begins."""
        self.members[member] = Membership(seen=now, joined=joined)
        if self._rebalancing is None:
            self._rebalancing = now

    def heartbeat(self, member: str, generation: int, now: float) -> None:
        """Stay a member. Raises what Kafka answers when that is over."""
        if member not in self.members:
            raise UnknownMemberIdError
        self.members[member].seen = now
        if self._rebalancing is not None:
            raise RebalanceInProgressError
        if generation != self.generation:
            raise IllegalGenerationError

    def leave(self, member: str, now: float) -> None:
        """Give the partitions back at once."""
        if self.members.pop(member, None) is not None:
            self._rebalancing = now

    def rebalance(self, now: float) -> None:
        """Begin a new generation as soon as all members have joined it."""
        if self.members and self._rebalancing is None:
            self._rebalancing = now

    def everyone_seen(self, now: float) -> None:
        """Start the sessions anew: what a restarted coordinator does."""
        for member in self.members.values():
            member.seen = now

    def look(self, now: float) -> None:
        """Drop who is silent, or late for a rebalance; begin a generation once all are there."""
        late = self._rebalancing is not None and now - self._rebalancing > self._session
        for name, member in list(self.members.items()):
            waits = member.joined is not None  # a waiting join request keeps a member alive
            if not waits and (late or now - member.seen > self._session):
                self.leave(name, self._rebalancing or now)
        ready = all(member.joined is not None for member in self.members.values())
        if self._rebalancing is not None and self.members and ready:
            self._begin(now)

    def _begin(self, now: float) -> None:
        self.generation += 1
        self._rebalancing = None
        names = sorted(self.members)
        self.owners = {source: self._owner(source, names) for source in self._partitions}
        for name in names:
            member = self.members[name]
            joined, member.joined, member.seen = member.joined, None, now
            if joined is not None:
                joined(frozenset(self._given(name)), self.generation)

    def _given(self, name: str) -> Iterator[TopicPartition]:
        for source, owner in self.owners.items():
            if owner == name or self._chance.random() < self.split:
                yield source

    def _owner(self, source: TopicPartition, names: Sequence[str]) -> str:
        before = self.owners.get(source, "")
        stays = before in names and self._chance.random() < self.stick
        return before if stays else self._chance.choice(names)
