"""Who may see the page, and what becomes of requests that nobody should send, over HTTP on a real Redis."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest
from click.testing import CliRunner

from processors.cli.main import main
from processors.stack.valkey import url
from tests.builders.page import TELLING, ask, serving
from tests.builders.views import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer
    from projections.store import View

TOLD = (*TELLING, "/api/stream")
TOKEN = "open sesame"  # noqa: S105 - of these tests


@pytest.fixture
def view(valkey: LocalServer) -> View:
    return shown(url(valkey.port), "c1")


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
    with socket.create_connection((host, int(port)), timeout=60) as connection, suppress(ConnectionError):
        connection.sendall(sent)
        with suppress(OSError):  # it may have been cut off already
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
    assert [ask(guarded, path).status for path in TOLD] == [401] * len(TOLD)
    assert ask(guarded, "/").headers["location"] == "/login"
    assert ask(guarded, "/api/funnel", Authorization="Bearer open sesame").status == 200
    for wrong in ("Bearer open", "Bearer ", "Basic open sesame", "open sesame", "Bearer öpen"):
        assert ask(guarded, "/api/funnel", Authorization=wrong).status == 401
    assert ask(guarded, "/healthz").status == 200


@pytest.mark.usefixtures("view")
@pytest.mark.parametrize("name", ["127.0.0.1/static/?", "x/login#", "x/healthz?"])
def test_a_host_name_that_holds_an_open_path_opens_no_other(guarded: str, name: str) -> None:
    assert [ask(guarded, path, Host=name).status for path in TOLD] == [401] * len(TOLD)


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
