"""The live page and its JSON API, as one ASGI app. Everything is read from the views; nothing is written."""

from __future__ import annotations

import asyncio
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

from projections.periods import EVER
from projections.store import RedisAwayError, live_view
from projections.views.answers import read_answers
from projections.views.cohorts import read_cohorts
from projections.views.companies import read_companies, read_companies_near, read_company
from projections.views.contact import read_contact, read_near
from projections.views.funnel import read_funnel
from projections.views.handoffs import read_board
from projections.views.latest import KEPT, read_latest
from projections.views.segments import read_segments
from projections.views.sources import read_sources
from projections.web.asked import QuestionError, number_asked, period_asked, within_asked
from projections.web.feed import NOTHING_YET
from projections.web.kept import Kept
from projections.web.security import COOKIE, Access, Guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from projections.commands import Ask
    from projections.periods import Period
    from projections.store import Client, View
    from projections.web.feed import Feed

    Read = Callable[[View, Request], Any]

STATIC = Path(__file__).parent / "static"
PING_S = 15  # proxies close what is silent for a minute or so
SEND_S = 10  # a page that takes nothing for so long is let go; it connects again by itself
SOURCES, REASONS, MOST = 20, 20, 1_000  # sources of each stage and reasons, unless more are asked for
KEPT_S = 30  # what reads many contacts is read again no sooner
LOGIN_BYTES = 4_096
COMPANIES = 50  # of each stage: those that came last
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
        Route("/api/handoffs/figures", _reader(client, _kept(read_answers, REASONS))),
        Route("/api/segments", _reader(client, lambda view, _: read_segments(view.ask))),
        Route("/api/sources", _reader(client, _kept(read_sources, SOURCES))),
        Route("/api/companies", _reader(client, _companies)),
        Route("/api/companies/{id:path}", _reader(client, _company)),
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
        except QuestionError as error:
            return JSONResponse({"error": str(error)}, 400)
        except RedisAwayError as error:
            found = f"Redis does not answer: {error}"
        if isinstance(found, str):
            return JSONResponse({"error": found}, 503)
        return found if isinstance(found, Response) else JSONResponse(found)

    return endpoint


def _funnel(view: View, request: Request) -> dict[str, Any]:
    within, period, now = within_asked(request), period_asked(request), _now()
    if within is None and period != EVER:
        raise QuestionError("since and until choose a cohort: give within, too.")
    found = read_funnel(view.ask, now) if within is None else read_cohorts(view.ask, now, within, period)
    return {**found, "held": view.held()}


def _changes(view: View, request: Request) -> list[dict[str, Any]]:
    return read_latest(view.ask, number_asked(request, "limit", 50, KEPT))


def _kept(find: Callable[[Ask, int, Period, int], Any], usual: int) -> Read:
    """Read what many contacts are looked at for, of a period and no more than `most`; keep it for a while."""
    kept = Kept(KEPT_S)

    def read(view: View, request: Request) -> Any:  # noqa: ANN401 - what `find` returns
        period, most = period_asked(request), number_asked(request, "most", usual, MOST)
        return kept.answer((view.name, period, most), lambda: find(view.ask, _now(), period, most))

    return read


def _contacts(view: View, request: Request) -> Any:  # noqa: ANN401 - a list, or one contact
    if "id" in request.query_params:
        return _one(view, request.query_params["id"])
    return read_near(view.ask, request.query_params.get("prefix", ""))


def _contact(view: View, request: Request) -> Any:  # noqa: ANN401 - as above
    return _one(view, request.path_params["id"])


def _one(view: View, contact: str) -> Any:  # noqa: ANN401 - the contact, or a response that has none
    return read_contact(view.ask, contact) or _nothing(
        "No contact of this id has had a stage, band or hand-off."
    )


def _companies(view: View, request: Request) -> Any:  # noqa: ANN401 - all by stage, one, or some ids
    asked = request.query_params
    if "id" in asked:
        return _one_company(view, asked["id"])
    if "prefix" in asked:
        return read_companies_near(view.ask, asked["prefix"])
    return read_companies(view.ask, COMPANIES)


def _company(view: View, request: Request) -> Any:  # noqa: ANN401 - as above
    return _one_company(view, request.path_params["id"])


def _one_company(view: View, company: str) -> Any:  # noqa: ANN401 - the company, or a response that has none
    return read_company(view.ask, company) or _nothing("No contact has been of a company of this id.")


def _now() -> int:
    return int(time() * 1000)


def _nothing(error: str) -> Response:
    return JSONResponse({"error": error}, 404)


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
