"""The page's API and its event stream, over HTTP on a real Redis."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import contextmanager
from itertools import takewhile
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from click.testing import CliRunner

from processors.cli.main import main
from processors.stack.valkey import url
from projections.store import View, connect, show
from tests.builders.changes import START, History
from tests.builders.page import TELLING, ask, serving
from tests.builders.views import deliver, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer

ODD = '../a/b?c#d%2F<b>&"é☃'
ADDRESSES = (*TELLING, "/readyz")


@contextmanager
def stream(page: str, **headers: str) -> Iterator[Iterator[tuple[str, Any, str]]]:
    """Give (event, data, id) of the page's stream as they come."""
    connection = http.client.HTTPConnection(urlsplit(page).netloc, timeout=60)
    connection.request("GET", "/api/stream", headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    try:
        yield _events(answer)
    finally:
        connection.close()


def _events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, Any, str]]:
    fields: dict[str, str] = {}
    end = monotonic() + 60
    while line := answer.readline().decode():
        assert monotonic() < end, "not told within a minute"  # else its pings would be read for ever
        name, _, value = line.rstrip("\r\n").partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            yield fields["event"], json.loads(fields["data"]), fields["id"]
            fields = {}


@pytest.fixture
def view(valkey: LocalServer) -> View:
    """The view that the page shows, with one contact in it."""
    return shown(url(valkey.port), ODD)


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


def test_companies_are_found_by_stage_by_path_and_by_query(page: str, view: View) -> None:
    history = History("c1")
    history.joined(ODD, "lead")
    history.moved(ODD, "lead")
    for change in history.changes:
        deliver(view, [change], f"{change['record']}/0")
    (lead, _mql) = json.loads(ask(page, "/api/companies").body)["stages"]
    assert lead["newest"] == [{"company_id": ODD, "since": history.at}]
    for address in (f"/api/companies/{quote(ODD, safe='')}", f"/api/companies?id={quote(ODD, safe='')}"):
        found = json.loads(ask(page, address).body)
        assert (found["stage"], [one["contact_id"] for one in found["furthest"]]) == ("lead", ["c1"])
    assert json.loads(ask(page, "/api/companies?prefix=..").body) == [ODD]
    assert ask(page, "/api/companies/nobody").status == 404


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


@pytest.mark.usefixtures("view")
def test_conversion_by_cohort_is_asked_for_with_a_time_and_a_period(page: str) -> None:
    (step,) = json.loads(ask(page, f"/api/funnel?within=30d&since={START}&until={START + 1}").body)["stages"]
    assert (step["stage"], step["next"], step["entered"], step["conversion"]) == ("lead", "mql", 1, 0.0)
    (step,) = json.loads(ask(page, f"/api/funnel?within=30d&until={START}").body)["stages"]
    assert (step["entered"], step["conversion"]) == (0, None)


@pytest.mark.usefixtures("view")
@pytest.mark.parametrize(
    "asked",
    ["within=30", "within=", "since=1", "within=1d&since=a", "within=1d&since=2&until=2", "within=٣d"],
)
def test_a_cohort_that_makes_no_sense_is_refused(page: str, asked: str) -> None:
    answer = ask(page, f"/api/funnel?{quote(asked, safe='=&')}")
    assert (answer.status, list(json.loads(answer.body))) == (400, ["error"])


def test_sources_are_read_again_for_another_question_or_view(
    page: str, view: View, valkey: LocalServer
) -> None:
    def reached(query: str = "") -> list[int]:
        return [stage["reached"] for stage in json.loads(ask(page, f"/api/sources{query}").body)["stages"]]

    assert reached() == [1, 0]
    deliver(view, lead("c2"))
    assert (reached(), reached(f"?until={START}"), reached()) == ([1, 0], [0, 0], [2, 0])
    shown(url(valkey.port), "c3")
    assert reached() == [1, 0]
    assert ask(page, "/api/sources?most=0").status == 400


def test_how_hand_offs_were_answered_is_asked_for_with_a_period(page: str, view: View) -> None:
    history = History("c2")
    for action in ("offered", "rejected"):
        history.handoff(action, reason="no budget")
    deliver(view, history.changes, "mql-handoff/0")
    found = json.loads(ask(page, "/api/handoffs/figures").body)
    assert (found["acceptance"], found["reasons"]) == (0.0, [{"reason": "no budget", "handoffs": 1}])
    found = json.loads(ask(page, f"/api/handoffs/figures?until={START}").body)
    assert (found["acceptance"], found["reasons"]) == (None, [])
    assert ask(page, "/api/handoffs/figures?since=x").status == 400


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
        found = {event: data for event, data, _ in takewhile(lambda told: told[0] != "companies", events)}
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
    with stream(page, Last_Event_ID=seen) as events, stream(page) as later:
        next(later)  # whoever came before is listening by now
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


def test_a_view_shown_for_a_moment_is_noticed(page: str, view: View, valkey: LocalServer) -> None:
    client = connect(url(valkey.port))
    with stream(page) as events:
        begun(events, view)
        show(client, "another")
        show(client, view.name)
        begun(events, view)


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


def test_a_right_that_redis_takes_away_is_told_and_the_page_goes_on_when_it_is_back(
    page: str, view: View, valkey: LocalServer
) -> None:
    client = connect(url(valkey.port))
    with stream(page) as events:
        begun(events, view)
        client.execute_command("ACL", "SETUSER", "default", "-xread", "-hgetall")  # type: ignore[no-untyped-call]
        try:
            assert "no permissions" in until(events, "away")[1]["error"]
            assert ask(page, f"/api/contacts?id={quote(ODD, safe='')}").status == 503
        finally:
            client.execute_command("ACL", "SETUSER", "default", "+@all")  # type: ignore[no-untyped-call]
        begun(events, view)


def test_an_error_that_nobody_expected_ends_the_page_and_says_where_it_was(
    valkey: LocalServer, capfd: pytest.CaptureFixture[str]
) -> None:
    elsewhere = url(valkey.port).removesuffix("/0") + "/1"  # it would end the other tests' page, too
    view = shown(elsewhere, ODD)
    with serving(elsewhere) as (page, process), stream(page) as events:
        begun(events, view)
        connect(elsewhere).set(f"stageline:{view.name}:arrivals", "no stream")
        assert process.wait(timeout=60) == 1
    assert "level=critical" in (told := capfd.readouterr().err)
    assert "unexpected error, ending error=ResponseError at=" in told


@pytest.mark.usefixtures("view")
def test_sigterm_ends_open_streams_at_once(valkey: LocalServer, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(url(valkey.port)) as (page, process), stream(page) as events:
        next(events)
        process.terminate()
        assert process.wait(timeout=60) == 0
    assert "graceful shutdown exceeded" not in capfd.readouterr().err  # as uvicorn says of those that stay
