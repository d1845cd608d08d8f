"""The live page and its JSON API, as one ASGI app. Everything is read from the views; nothing is written."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from projections.store import RedisAwayError, live_view
from projections.views.contact import read_contact, read_near
from projections.views.funnel import read_funnel
from projections.views.handoffs import read_board
from projections.views.latest import KEPT, read_latest
from projections.views.segments import read_segments
from projections.web.feed import NOTHING_YET
from projections.web.security import COOKIE, Access, Guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from projections.store import Client, View
    from projections.web.feed import Feed

    Read = Callable[[View, Request], Any]

STATIC = Path(__file__).parent / "static"
PING_S = 15  # proxies close what is silent for a minute or so
SEND_S = 10  # a page that takes nothing for so long is let go; it connects again by itself
LOGIN_BYTES = 4_096
LIMIT = re.compile(r"[1-9][0-9]{0,3}")
WRONG_TOKEN_S = 0.5  # makes guessing slow; a person does not notice


def make_app(client: Client, feed: Feed, access: Access) -> Starlette:
    """Make the app over the views in `client`; `feed`, which somebody else runs, tells what is new."""
    routes = [
        Route("/", _page("index.html")),
        Route("/login", _page("login.html"), methods=["GET"]),
        Route("/login", _login(access), methods=["POST"]),
        Route("/api/funnel", _reader(client, _funnel)),
        Route("/api/changes", _reader(client, _changes)),
        Route("/api/handoffs", _reader(client, lambda view, _: read_board(view.ask))),
        Route("/api/segments", _reader(client, lambda view, _: read_segments(view.ask))),
        Route("/api/contacts", _reader(client, _contacts)),
        Route("/api/contacts/{id:path}", _reader(client, _contact)),
        Route("/api/stream", _stream(feed)),
        Route("/healthz", lambda _: JSONResponse({"status": "ok"})),
        Route("/readyz", _reader(client, lambda view, _: {"view": view.name, "held": view.held()})),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, access=access)])


def _page(name: str) -> Callable[[Request], Response]:
    return lambda _: FileResponse(STATIC / name, headers={"cache-control": "no-cache"})


def _reader(client: Client, read: Read) -> Callable[[Request], Response]:
    """Make an endpoint of a question to the view; without an answer it is 503 and says why."""

    def endpoint(request: Request) -> Response:
        try:
            view = live_view(client)
            found = NOTHING_YET if view is None else read(view, request)
        except RedisAwayError as error:
            found = f"Redis does not answer: {error}"
        if isinstance(found, str):
            return JSONResponse({"error": found}, 503)
        return found if isinstance(found, Response) else JSONResponse(found)

    return endpoint


def _funnel(view: View, _: Request) -> dict[str, Any]:
    return {**read_funnel(view.ask, int(time() * 1000)), "held": view.held()}


def _changes(view: View, request: Request) -> Any:  # noqa: ANN401 - a list, or a response that refuses
    limit = request.query_params.get("limit", "50")
    if not (LIMIT.fullmatch(limit) and int(limit) <= KEPT):
        return JSONResponse({"error": f"limit is a whole number from 1 to {KEPT}."}, 400)
    return read_latest(view.ask, int(limit))


def _contacts(view: View, request: Request) -> Any:  # noqa: ANN401 - a list, or one contact
    if "id" in request.query_params:
        return _one(view, request.query_params["id"])
    return read_near(view.ask, request.query_params.get("prefix", ""))


def _contact(view: View, request: Request) -> Any:  # noqa: ANN401 - as above
    return _one(view, request.path_params["id"])


def _one(view: View, contact: str) -> Any:  # noqa: ANN401 - the contact, or a response that has none
    found = read_contact(view.ask, contact)
    if found is None:
        return JSONResponse({"error": "No contact of this id has had a stage, band or hand-off."}, 404)
    return found


def _stream(feed: Feed) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        last_seen = request.headers.get("last-event-id")
        return EventSourceResponse(_messages(feed, last_seen), ping=PING_S, send_timeout=SEND_S)

    return endpoint


async def _messages(feed: Feed, last_seen: str | None) -> AsyncIterator[dict[str, str]]:
    with feed.subscribed() as queue:
        for message in feed.greeting(last_seen):
            yield message
        while True:
            yield await queue.get()


def _login(access: Access) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        given = await _form_token(request)
        if not access.is_token(given):
            await asyncio.sleep(WRONG_TOKEN_S)
            return RedirectResponse("/login?wrong", 303)
        response = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, access.session(), httponly=True, samesite="strict", secure=secure)
        return response

    return endpoint


async def _form_token(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LOGIN_BYTES:
            return ""
    return parse_qs(body.decode("latin-1")).get("token", [""])[0]
