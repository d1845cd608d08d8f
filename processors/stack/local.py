"""Both servers together: up and down."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from rich.console import Console

from processors.stack import kafka, valkey
from processors.stack.services import Servers, forget_services, write_services
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processors.stack.server import LocalServer

QUIET = Console(quiet=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStack:
    """The two servers of a home folder, running or not."""

    home: Path
    broker: LocalServer
    valkey: LocalServer
    console: Console

    @property
    def bootstrap(self) -> str:
        """Where Kafka answers."""
        return self.broker.address

    @property
    def redis_url(self) -> str:
        """Where Valkey answers."""
        return valkey.url(self.valkey.port)


def stack_at(home: Path, console: Console = QUIET) -> LocalStack:
    """Return the handles of the stack in this home folder; nothing is started or written yet."""
    home = home.resolve()
    return LocalStack(
        home=home,
        broker=kafka.kafka_server(home, console),
        valkey=valkey.valkey_server(home, console),
        console=console,
    )


def up(stack: LocalStack, *, bootstrap: str | None = None, redis_url: str | None = None) -> Servers:
    """Start what is not running and was not given, and write the addresses down for the other commands.

    Raises LifecycleError if a given server does not answer or one of ours cannot start.
    """
    with _alone(stack):
        if bootstrap:
            _use_given("Kafka", "BOOTSTRAP_SERVERS", bootstrap, answers=kafka.answers(bootstrap), stack=stack)
        else:
            stack.broker.start()
        if redis_url:
            _use_given("Redis", "REDIS_URL", redis_url, answers=valkey.answers(redis_url), stack=stack)
        else:
            stack.valkey.start()
        servers = Servers(bootstrap=bootstrap or stack.bootstrap, redis_url=redis_url or stack.redis_url)
        write_services(stack.home, servers)
        return servers


def down(stack: LocalStack) -> tuple[str, ...]:
    """Stop what runs; return the names of the servers that were running."""
    if not stack.home.exists():
        return ()
    with _alone(stack):
        forget_services(stack.home)
        return tuple(server.name for server in (stack.valkey, stack.broker) if server.stop())


def _use_given(name: str, variable: str, address: str, *, answers: bool, stack: LocalStack) -> None:
    if not answers:
        raise LifecycleError(
            f"{variable}={address}: no {name} answers there. "
            f"Start it, mend the address, or unset {variable} to run {name} from packages."
        )
    stack.console.print(f"{name}: using {address} of {variable}; none is started.")


@contextmanager
def _alone(stack: LocalStack) -> Iterator[None]:
    """Let one command at a time change the stack of a home folder; a second one waits."""
    try:
        stack.home.mkdir(parents=True, exist_ok=True, mode=0o700)  # will hold personal data
        with (stack.home / "lock").open("w") as lock:
            _wait_for(lock, stack)
            yield
    except OSError as error:
        raise LifecycleError(
            f"{error.filename or stack.home}: {error.strerror or error}. "
            "Mend that, or set STAGELINE_HOME to another folder."
        ) from error


def _wait_for(lock: IO[str], stack: LocalStack) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stack.console.print(f"Another command works on {stack.home}: waiting for it.")
        fcntl.flock(lock, fcntl.LOCK_EX)
