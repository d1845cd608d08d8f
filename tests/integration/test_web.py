"""The page's API, its event stream and who may see them, over HTTP on a real Redis."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import pytest
from click.testing import CliRunner

from processors.cli.main import main
from processors.stack.valkey import url
from projections.store import View, connect, show
from projections.views.funnel import Rung, define
from tests.builders.changes import History
from tests.builders.page import serving
from tests.builders.views import deliver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer

ODD = '../a/b?c#d%2F<b>&"é☃'
ADDRESSES = ("/api/funnel", "/api/changes", "/api/handoffs", "/api/segments", "/api/contacts", "/readyz")


TOKEN = "open sesame"  # noqa: S105 - of these tests


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


def ask(page: str, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(page).netloc, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, found, answer.read().decode())


@contextmanager
def stream(page: str, **headers: str) -> Iterator[Iterator[tuple[str, Any, str]]]:
    """Give (event, data, id) of the page's stream as they come."""
    connection = http.client.HTTPConnection(urlsplit(page).netloc, timeout=10)
    connection.request("GET", "/api/stream", headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    try:
        yield _events(answer)
    finally:
        connection.close()


def _events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, Any, str]]:
    fields: dict[str, str] = {}
    while line := answer.readline().decode():
        name, _, value = line.rstrip("\r\n").partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            yield fields["event"], json.loads(fields["data"]), fields["id"]
            fields = {}


@pytest.fixture(scope="module")
def page(valkey: LocalServer) -> Iterator[str]:
    with serving(url(valkey.port)) as (address, _):
        yield address


@pytest.fixture
def view(valkey: LocalServer) -> View:
    """The view that the page shows, with one contact in it."""
    client = connect(url(valkey.port))
    client.flushall()
    view = View(client, f"test-{uuid4().hex[:8]}")
    view.ask(define([Rung(track="main", stage="lead"), Rung(track="main", stage="mql")]))
    history = History(ODD)
    history.enter("lead")
    deliver(view, history.changes)
    show(client, view.name)
    return view


def lead(contact: str) -> list[dict[str, Any]]:
    history = History(contact)
    history.enter("lead")
    return history.changes


def test_the_api_tells_what_the_views_hold(page: str, view: View) -> None:
    assert json.loads(ask(page, "/api/funnel").body)["staged"] == 1
    assert [change["contact_id"] for change in json.loads(ask(page, "/api/changes?limit=1").body)] == [ODD]
    assert json.loads(ask(page, "/api/handoffs").body)["counts"]["open"] == 0
    assert json.loads(ask(page, "/api/segments").body) == {}
    assert json.loads(ask(page, "/readyz").body) == {"view": view.name, "held": 0}


@pytest.mark.usefixtures("view")
def test_a_contact_of_any_id_is_found_by_path_and_by_query(page: str) -> None:
    assert json.loads(ask(page, f"/api/contacts?id={quote(ODD, safe='')}").body)["contact_id"] == ODD
    assert json.loads(ask(page, f"/api/contacts/{quote(ODD, safe='')}").body)["contact_id"] == ODD
    assert json.loads(ask(page, "/api/contacts?prefix=..").body) == [ODD]
    assert ask(page, "/api/contacts/nobody").status == 404


@pytest.mark.usefixtures("view")
@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many", "", "1e3", "٣", "9" * 5_000])
def test_a_limit_that_makes_no_sense_is_refused(page: str, limit: str) -> None:
    answer = ask(page, f"/api/changes?limit={quote(limit)}")
    assert (answer.status, "whole number" in answer.body) == (400, True)


@pytest.mark.parametrize("path", ADDRESSES)
def test_before_anything_is_projected_every_question_says_so(
    page: str, valkey: LocalServer, path: str
) -> None:
    connect(url(valkey.port)).flushall()
    answer = ask(page, path)
    assert (answer.status, "Nothing has been projected yet" in answer.body) == (503, True)


def test_without_redis_the_page_is_alive_and_not_ready() -> None:
    with serving("redis://127.0.0.1:1/0") as (page, _):
        assert ask(page, "/healthz").status == 200
        for path in ADDRESSES:
            answer = ask(page, path)
            assert (answer.status, "Redis does not answer" in answer.body) == (503, True)


def test_every_answer_keeps_the_page_to_itself(page: str) -> None:
    for path in ("/", "/static/page.js", "/api/funnel", "/healthz", "/nowhere", "/login"):
        headers = ask(page, path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_the_page_is_whole_in_itself(page: str) -> None:
    """Nothing of it comes from elsewhere, and no markup holds a script or a style."""
    for name in ("/", "/login"):
        body = ask(page, name).body
        assert "<script>" not in body
        assert "style=" not in body
        assert "//" not in body.replace("http://www.w3.org", "")


def test_a_foreign_host_name_is_turned_away(page: str) -> None:
    for name in ("evil.example", "[::1", "[x]", ""):
        assert ask(page, "/api/funnel", Host=name).status == 421
    assert ask(page, "/healthz", Host="localhost:1").status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\0\xff\r\n\r\n",
        b"GET /%00%ff?limit=%zz&limit HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /api/contacts/\xff HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: stageline=\xe9\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_is_answered_or_cut_off_and_the_page_goes_on(
    page: str, sent: bytes
) -> None:
    host, port = urlsplit(page).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection, suppress(ConnectionError):
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert not connection.recv(65_536).startswith(b"HTTP/1.1 5")
    assert ask(page, "/healthz").status == 200


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"])
def test_only_the_page_s_own_files_are_served(page: str, path: str) -> None:
    assert ask(page, path).status == 404


@pytest.fixture(scope="module")
def guarded(valkey: LocalServer) -> Iterator[str]:
    with serving(url(valkey.port), STAGELINE_TOKEN=TOKEN) as (address, _):
        yield address


@pytest.mark.usefixtures("view")
def test_with_a_token_nothing_is_told_without_it(guarded: str) -> None:
    assert [ask(guarded, path).status for path in (*ADDRESSES[:5], "/api/stream")] == [401] * 6
    assert ask(guarded, "/").headers["location"] == "/login"
    assert ask(guarded, "/api/funnel", Authorization="Bearer open sesame").status == 200
    for wrong in ("Bearer open", "Bearer ", "Basic open sesame", "open sesame", "Bearer öpen"):
        assert ask(guarded, "/api/funnel", Authorization=wrong).status == 401
    assert ask(guarded, "/healthz").status == 200


@pytest.mark.usefixtures("view")
def test_the_login_form_gives_a_cookie_that_lets_in_and_does_not_tell_the_token(guarded: str) -> None:
    answer = ask(guarded, "/login", "POST", urlencode({"token": "open sesame"}))
    cookie = answer.headers["set-cookie"]
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert ("HttpOnly" in cookie, "SameSite=strict" in cookie, "sesame" in cookie) == (True, True, False)
    assert ask(guarded, "/api/funnel", Cookie=cookie.split(";")[0]).status == 200
    assert ask(guarded, "/api/funnel", Cookie="stageline=0").status == 401


@pytest.mark.parametrize("form", ["token=wrong", "", "token=", "x" * 5_000])
def test_a_wrong_login_leads_back_to_the_form(guarded: str, form: str) -> None:
    answer = ask(guarded, "/login", "POST", form)
    assert (answer.status, answer.headers["location"], "set-cookie" in answer.headers) == (
        303,
        "/login?wrong",
        False,
    )


@pytest.mark.usefixtures("view")
def test_a_proxy_that_signs_people_in_is_believed_by_its_address_alone(valkey: LocalServer) -> None:
    with serving(url(valkey.port), STAGELINE_WEB_PROXY="127.0.0.1") as (page, _):
        assert ask(page, "/api/funnel").status == 401
        assert ask(page, "/api/funnel", X_Forwarded_User="anna").status == 200
    with serving(url(valkey.port), STAGELINE_WEB_PROXY="10.1.2.3") as (page, _):
        assert ask(page, "/api/funnel", X_Forwarded_User="anna").status == 401
        forged = {"X_Forwarded_User": "anna", "X_Forwarded_For": "10.1.2.3"}
        assert ask(page, "/api/funnel", **forged).status == 401


def test_listening_where_others_can_reach_it_needs_a_token() -> None:
    result = CliRunner().invoke(main, ["web", "--host", "0.0.0.0", "--port", "0"])  # noqa: S104 - the point
    assert (result.exit_code, result.stdout) == (1, "")
    assert "STAGELINE_WEB_HOST=0.0.0.0 can be reached by others: set STAGELINE_TOKEN" in result.stderr


def test_a_taken_port_is_refused_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["web", "--port", port])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"127.0.0.1:{port} cannot be listened on" in result.stderr
    assert "--port" in result.stderr


def test_the_stream_tells_each_change_with_the_funnel_and_the_board(page: str, view: View) -> None:
    with stream(page) as events:
        begun(events, view)
        deliver(view, lead("c1"))
        found = {event: data for event, data, _ in (next(events), next(events), next(events))}
    assert [change["contact_id"] for change in found["changes"]] == ["c1"]
    assert found["funnel"]["staged"] == 2
    assert found["handoffs"]["counts"]["open"] == 0


def until(events: Iterator[tuple[str, Any, str]], wanted: str) -> tuple[str, Any, str]:
    return next(found for found in events if found[0] == wanted)


def begun(events: Iterator[tuple[str, Any, str]], view: View) -> None:
    """Wait until the page's reader has noticed that the test's view is the one to show."""
    next(seen for event, _, seen in events if event == "reset" and seen.startswith(view.name))


def test_a_page_that_connects_again_reads_afresh_only_if_it_missed_something(page: str, view: View) -> None:
    with stream(page) as events:
        begun(events, view)
        deliver(view, lead("c1"))
        *_, seen = until(events, "handoffs")
    with stream(page, Last_Event_ID=seen) as events:
        deliver(view, lead("c2"))
        assert next(events)[0] == "changes"
    with stream(page, Last_Event_ID=seen) as events:
        assert next(events)[0] == "reset"


def test_a_switched_view_and_a_flushed_redis_are_noticed(page: str, view: View, valkey: LocalServer) -> None:
    client = connect(url(valkey.port))
    with stream(page) as events:
        begun(events, view)
        fresh = View(client, "fresh")
        deliver(fresh, lead("c2"))
        show(client, "fresh")
        begun(events, fresh)
        client.flushall()
        assert "Nothing has been projected yet" in until(events, "away")[1]["error"]
        show(client, "fresh")
        begun(events, fresh)


def test_a_redis_that_goes_and_comes_back_is_told(page: str, view: View, valkey: LocalServer) -> None:
    with stream(page) as events:
        begun(events, view)
        valkey.kill()
        assert "Redis does not answer" in until(events, "away")[1]["error"]
        with stream(page) as others:
            assert next(others)[0] == "away"
        valkey.start()
        show(connect(url(valkey.port)), view.name)
        begun(events, view)


@pytest.mark.usefixtures("view")
def test_sigterm_ends_open_streams_at_once(valkey: LocalServer) -> None:
    with serving(url(valkey.port)) as (page, process), stream(page) as events:
        next(events)
        begin = monotonic()
        process.terminate()
        assert process.wait(timeout=15) == 0
        assert monotonic() - begin < 4
