"""The only door to Redis (or Valkey): applies changes once, in order, atomically; answers questions.

Redis itself holds the position in each partition up to which a view has read, and moves it in the same
script that writes the view. So the view may be flushed, restored from an old copy or written by two
projectors: whoever finds another position than expected goes on from the one found. `apply.lua` says what
makes a change apply.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgpack
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from projections.commands import Key, key
from projections.views import project
from projections.views.forgetting import TO_FORGET, erases, forget
from projections.views.latest import reference
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from projections.commands import Change, Command

ROOT = "stageline"
LIVE = f"{ROOT}:live"  # the name of the view that readers are to use
SWITCHES = f"{ROOT}:switches"  # how often readers were told which view to use
NAMES = f"{ROOT}:names"  # of all views that there are
TIMEOUT_S = 5.0  # a healthy server answers in milliseconds; past this it counts as away
SCAN = 1000  # keys per step when a view is removed: each step stays below a millisecond or so
SCRIPT = (files("projections") / "apply.lua").read_text("utf-8")
# What a server says that is not there, or cannot take writes just now. Any other error is a bug of ours.
AWAY = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.ReadOnlyError,
    redis.OutOfMemoryError,
    redis.exceptions.NoPermissionError,  # until whoever keeps the server gives this user the right
)
UNSEEN = ("membership_changed",)  # no page shows such a change as it comes
BUSY = re.compile(r"(^|error: )(MISCONF|NOREPLICAS|MASTERDOWN|BUSY|CLUSTERDOWN|TRYAGAIN)\b")


Client = redis.Redis


class RedisAwayError(Exception):
    """Redis cannot be reached or cannot take writes now. Next: try again, nothing was half done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Changes of one partition in log order; `expected` None: the view has read nothing of it yet."""

    partition: str
    expected: int | None
    after: int
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`position`: what the view now has (None: nothing). `applied`: changes written; None if it had moved."""

    position: int | None
    applied: int | None


def connect(url: str) -> Client:
    """Make a client; nothing is sent yet. Each call waits at most `TIMEOUT_S` and is not repeated.

    Raises LifecycleError for an address that makes no sense.
    """
    try:
        return Client.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise LifecycleError(f"REDIS_URL cannot be used: {error}") from error


class View:
    """One generation of all views, under a name of its own."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._client = client
        self._prefix = f"{ROOT}:{name}:"
        self._script = client.register_script(SCRIPT)

    def ask(self, *commands: Command) -> list[Any]:
        """Run commands in one round trip; answers in order."""
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*self._in_view(command))  # type: ignore[no-untyped-call] # redis-py
        with _away():
            return list(pipe.execute())

    def apply(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Apply each batch unless its partition has moved: one script, so all of it or nothing is seen.

        Raises RedisAwayError; the same batches can then be applied again.
        """
        pipe = self._client.pipeline(transaction=False)
        keys = [self._prefix + name for name in ("positions", "held", "arrivals", TO_FORGET)]
        for batch in batches:
            expected = "" if batch.expected is None else str(batch.expected)
            changes = msgpack.packb([self._packed(change) for change in batch.changes])
            self._script(keys=keys, args=[batch.partition, expected, batch.after, changes], client=pipe)
        pipe.smembers(self._prefix + TO_FORGET)
        with _away():
            *replies, erased = pipe.execute()
        for contact in erased:
            self.ask(*forget(self.ask, contact))
        return [_outcome(batch, *reply) for batch, reply in zip(batches, replies, strict=True)]

    def _in_view(self, command: Command) -> Command:
        return tuple(self._prefix + part if isinstance(part, Key) else part for part in command)

    def _packed(self, change: Change) -> tuple[Any, ...]:
        # Kept for longer than the contact may be known, against what is delivered late: so not by its id.
        contact, record = change["contact_id"], change["record"]
        person = applied = self._applied("applied", contact)
        if record == "company_stage_changed":
            applied = self._applied("applied-company", change["company_id"])
        commands = [self._in_view(command) for command in project(change)]
        return (
            *(applied, record, change["sequence"], commands),
            *(contact, erases(change), "" if record in UNSEEN else reference(change), person),
        )

    def _applied(self, kind: str, whose: str) -> str:
        return self._prefix + key(kind, blake2b(whose.encode(), digest_size=16).hexdigest())

    def positions(self) -> Mapping[str, int]:
        """Return the next offset to read per `topic/partition`; none for a partition not yet begun."""
        (found,) = self.ask(("HGETALL", key("positions")))
        return {partition: int(offset) for partition, offset in found.items()}

    def held(self) -> int:
        """Count changes that wait for an earlier one of the same contact."""
        (count,) = self.ask(("HLEN", key("held")))
        return int(count)

    def arrivals(self, after: str, wait_ms: int) -> list[tuple[str, str]]:
        """Return (id, reference) of the changes that arrived after that id, waiting for some; `$` is now."""
        with _away():
            found: Any = self._client.xread({self._prefix + "arrivals": after}, block=wait_ms, count=1000)
        streams = found.values() if isinstance(found, dict) else [entries for _, entries in found]
        return [(entry, fields["change"]) for entries in streams for entry, fields in entries]

    def newest_arrival(self) -> str:
        """Return the id of the change that arrived last; `0` before the first."""
        (found,) = self.ask(("XREVRANGE", key("arrivals"), "+", "-", "COUNT", "1"))
        return str(found[0][0]) if found else "0"

    def remove(self) -> None:
        """Delete everything of this view."""
        with _away():
            for name in self._client.scan_iter(match=f"{self._prefix}*", count=SCAN):
                self._client.unlink(name)


def register(client: Client, name: str) -> None:
    """Note that a view of that name is being filled, so that it can be found and removed."""
    with _away():
        client.sadd(NAMES, name)


def live_name(client: Client) -> str | None:
    """Return the name of the view that readers are to use; None while nothing was ever projected."""
    with _away():
        name: Any = client.get(LIVE)
    return None if name is None else str(name)


def live_view(client: Client) -> View | None:
    """Return the view that readers are to use, or None while nothing was ever projected."""
    name = live_name(client)
    return None if name is None else View(client, name)


def switches(client: Client) -> int:
    """Count the calls of `show`: whoever finds as many as before has read no other view meanwhile."""
    with _away():
        count: Any = client.get(SWITCHES)
    return int(count or 0)


def show(client: Client, name: str) -> None:
    """Make readers use that view from their next question on."""
    pipe = client.pipeline()
    pipe.set(LIVE, name)
    pipe.incr(SWITCHES)
    with _away():
        pipe.execute()


def keep_only(client: Client, name: str) -> list[str]:
    """Remove every other view, finished or not; return their names."""
    with _away():
        names: Any = client.smembers(NAMES)
        others = sorted(set(names) - {name})
        for other in others:
            View(client, other).remove()
            client.srem(NAMES, other)
    return others


def ask_server(client: Client, *commands: str) -> list[Any]:
    """Run commands about the server itself; None for one that this user may not run."""
    pipe = client.pipeline(transaction=False)
    for command in commands:
        pipe.execute_command(command)  # type: ignore[no-untyped-call] # redis-py
    with _away():
        answers = pipe.execute(raise_on_error=False)
        if failed := [one for one in answers if isinstance(one, redis.ConnectionError | redis.TimeoutError)]:
            raise failed[0]
    return [None if isinstance(one, redis.ResponseError) else one for one in answers]


def _outcome(batch: Batch, status: str, detail: str | int) -> Outcome:
    if status == "applied":
        return Outcome(position=batch.after, applied=int(detail))
    return Outcome(position=int(detail) if detail else None, applied=None)


@contextmanager
def _away() -> Iterator[None]:
    """Tell a server that is away, or cannot write now, from one that was asked something wrong."""
    try:
        yield
    except AWAY as error:
        raise RedisAwayError(str(error)) from error
    except redis.ResponseError as error:
        if not BUSY.search(str(error)):
            raise
        raise RedisAwayError(str(error)) from error
