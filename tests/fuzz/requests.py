"""Any request to the page and its API, on a real Redis: answered, and shown only to who may see it.

An input is written like a request: `GET /path?query`, a line per header, an empty line, the body. It goes to
the app as a server would hand it on, past the parsing of HTTP itself, which is the server's.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from projections.store import View, connect, show
from projections.web import app as page
from projections.web.feed import Feed
from projections.web.security import HEADERS, OPEN_PATHS, Access
from tests.builders.changes import History
from tests.builders.views import deliver

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message

    Message_ = dict[str, Any]

LINE = re.compile(rb"([A-Z]{1,10}) (/[\x21-\x7e]*)")
HEADER = re.compile(rb"([a-z0-9-]+): ([\x20-\x7e\x80-\xff]*)")  # what servers let through
ANSWER_S = 10.0
TOKEN = "not to be guessed by chance"  # noqa: S105 - of these tests


def requests_to(redis_url: str) -> Callable[[bytes], None]:
    """Make the check; the view that it asks holds one contact."""
    client = connect(redis_url)
    view = View(client, "fuzz")
    history = History("c1")
    history.enter("lead")
    deliver(view, history.changes)
    show(client, view.name)
    open_, closed = (
        page.make_app(client, Feed(client), Access(host="127.0.0.1", token=token)) for token in (None, TOKEN)
    )
    page.WRONG_TOKEN_S = 0.0
    runner = asyncio.Runner()

    def check(raw: bytes) -> None:
        scope, body = _request(raw)
        if scope is not None:
            for app in (open_, closed):
                runner.run(
                    asyncio.wait_for(_answered(app, dict(scope), body, closed=app is closed), ANSWER_S)
                )

    return check


def _request(raw: bytes) -> tuple[Message_ | None, bytes]:
    """Read an input; None if no server would hand it on."""
    head, _, body = raw.partition(b"\n\n")
    first, *rest = head.rstrip(b"\n").split(b"\n")
    line, headers = LINE.fullmatch(first), [HEADER.fullmatch(one) for one in rest]
    if line is None or None in headers:
        return None, b""
    path, _, query = line[2].partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": line[1].decode(),
        "scheme": "http",
        "path": unquote(path.decode()),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *(one.groups() for one in headers if one)],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8620),
    }, body


async def _answered(app: ASGIApp, scope: Message_, body: bytes, *, closed: bool) -> None:
    told: list[Message] = []
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(requests, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    status = told[0]["status"]
    headers = {name.decode(): value.decode("latin-1") for name, value in told[0]["headers"]}
    assert status < 500, status
    assert headers["content-security-policy"] == HEADERS["content-security-policy"]
    if closed and not scope["path"].startswith(OPEN_PATHS):
        assert status in {303, 401}
    if scope["path"].startswith("/api/") and headers.get("content-type") == "application/json":
        json.loads(b"".join(message.get("body", b"") for message in told[1:]) or b"null")
