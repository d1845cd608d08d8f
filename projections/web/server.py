"""Runs the page: one process, one address, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import uvicorn

from projections.store import connect
from projections.web.app import make_app
from projections.web.feed import Feed
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.web.security import Access

GRACE_S = 5  # open requests may take so long when the server ends; streams end at once


def serve(redis_url: str, access: Access, port: int, ready: Callable[[str], None]) -> None:
    """Serve the page; `ready` gets its address once the port is ours. Port 0 takes a free one.

    Raises LifecycleError when the port is taken, and whatever unexpected ended the reading of what is new:
    a page that goes on would show old numbers as live.
    """
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises it again when it has ended: no error then
        signal.signal(number, _end)
    with _listen(access.host, port) as listening:
        ready(_address(listening))
        client = connect(redis_url)
        feed = Feed(client)
        config = uvicorn.Config(
            make_app(client, feed, access),
            log_config=None,
            access_log=False,  # paths hold contact ids
            proxy_headers=False,  # else anybody could claim the trusted proxy's address
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        asyncio.run(_run(uvicorn.Server(config), feed, listening))


async def _run(server: uvicorn.Server, feed: Feed, listening: socket.socket) -> None:
    """Serve until the server is told to end, or the feed fails."""
    reading = asyncio.create_task(feed.run())
    reading.add_done_callback(lambda _: setattr(server, "should_exit", True))
    await server.serve(sockets=[listening])
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading


def _end(*_: object) -> NoReturn:
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # so that whoever was told the address finds somebody there
    except OSError as error:
        listening.close()
        raise LifecycleError(
            f"{host}:{port} cannot be listened on ({error.strerror}). Choose another with --port or "
            "STAGELINE_WEB_PORT."
        ) from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
