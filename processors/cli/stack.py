"""`stageline up`, `down`, `status`: the local stack of genuine Kafka and Valkey."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from processors.settings import load_settings
from processors.stack import kafka, local, valkey

if TYPE_CHECKING:
    from processors.stack.local import LocalStack
    from processors.stack.server import LocalServer

# A server given by its address is used as it is; click counts an empty variable as not given.
_bootstrap = click.option(
    "--bootstrap-servers", envvar="BOOTSTRAP_SERVERS", help="Kafka to use instead of ours."
)
_redis = click.option("--redis-url", envvar="REDIS_URL", help="Redis or Valkey to use instead of ours.")


@click.command
@_bootstrap
@_redis
@click.option("--print-env", is_flag=True, help='Print exports, for: eval "$(stageline up --print-env)".')
def up(bootstrap_servers: str | None, redis_url: str | None, *, print_env: bool) -> None:
    """Start Kafka and Valkey here, from packages; what runs already is left as it is."""
    stack = _stack()
    servers = local.up(stack, bootstrap=bootstrap_servers, redis_url=redis_url)
    stack.console.print(f"Kafka: {servers.bootstrap}   Redis: {valkey.shown(servers.redis_url)}")
    if print_env:
        addresses = {"BOOTSTRAP_SERVERS": servers.bootstrap, "REDIS_URL": servers.redis_url}
        for name, address in addresses.items():
            click.echo(f"export {name}={shlex.quote(address)}")


@click.command
def down() -> None:
    """Stop the Kafka and Valkey that `up` started; Kafka's data stays."""
    stack = _stack()
    stopped = local.down(stack)
    stack.console.print(f"Stopped: {', '.join(stopped) or 'nothing was running'}.")


@click.command
@_bootstrap
@_redis
@click.option("--json", "as_json", is_flag=True, help="One JSON object per server.")
def status(bootstrap_servers: str | None, redis_url: str | None, *, as_json: bool) -> None:
    """Say what runs where, and since when; exit code 1 unless both servers answer."""
    stack = _stack()
    rows = (
        _given("Kafka", bootstrap_servers, answers=kafka.answers(bootstrap_servers))
        if bootstrap_servers
        else _ours(stack.broker),
        _given("Redis", valkey.shown(redis_url), answers=valkey.answers(redis_url))
        if redis_url
        else _ours(stack.valkey),
    )
    if as_json:
        for row in rows:
            click.echo(json.dumps(asdict(row)))
    else:
        Console(highlight=False).print(_table(rows))
    if any(row.state != "running" for row in rows):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One server: running, silent (no answer) or stopped; the last three fields are known of ours only."""

    name: str
    state: str
    address: str
    pid: int | None = None
    since: str | None = None
    log: str | None = None


def _stack() -> LocalStack:
    return local.stack_at(
        load_settings().home, Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    )


def _given(name: str, address: str, *, answers: bool) -> _Row:
    return _Row(name=name, state="running" if answers else "silent", address=address)


def _ours(server: LocalServer) -> _Row:
    process = server.process()
    if process is None:
        return _Row(name=server.name, state="stopped", address="")
    return _Row(
        name=server.name,
        state="running" if server.answers(server.port) else "silent",
        address=server.address,
        pid=process.pid,
        since=datetime.fromtimestamp(process.create_time(), UTC).isoformat(timespec="seconds"),
        log=str(server.log),
    )


def _table(rows: tuple[_Row, ...]) -> Table:
    table = Table("server", "state", "address", "pid", "since", box=None)
    for row in rows:
        table.add_row(row.name, row.state, row.address, str(row.pid or ""), row.since or "")
    return table
