"""The commands that read: on a real Redis and a genuine broker, as a person and as a pipe would use them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer

from processors.cli.main import main
from processors.cli.words import span
from processors.stack.valkey import url
from processors.topic_admin import ensure_topics
from projections.store import View, connect, live_view, show
from projections.views.funnel import Rung, define
from schemas.codec import encode
from tests.builders.changes import DAY, HOUR, MINUTE, START, History, evidence, why
from tests.builders.views import deliver

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.stack.server import LocalServer

    Run = Callable[..., Result]

LADDER = (
    Rung(track="main", stage="lead", owner="marketing"),
    Rung(track="main", stage="mql", owner="marketing"),
)
TOPICS = {"stage_changed": "stage-changed", "mql_handoff": "mql-handoff"}


def touch(source: str) -> dict[str, Any]:
    return {"event_id": "e1", "event_type": "page_view", "at": START, "source": source}


@pytest.fixture
def anna() -> list[dict[str, Any]]:
    history = History("anna@x.example")
    history.enter("lead", score={"total": 1_000})
    reasons = why(
        "Viewed the products page 10 times.",
        evidence=[
            evidence("products page viewed in 14 d", "10", "at least 10"),
            evidence("downloads", "1", "more than 1", met=False),
        ],
        score_parts=[{"score": "engagement", "rule": "product-page", "points": 40_500}],
        first_touch=touch("search"),
        last_touch=touch("mail"),
        crossing_touch=touch("mail"),
    )
    score = {"engagement": 40_500, "total": 40_500}
    history.wait(2 * DAY).enter("mql", why=reasons, score=score)
    history.handoff("offered", accept_by=START + 3 * DAY, score=score)
    return history.changes


@pytest.fixture
def run(broker: LocalServer, valkey: LocalServer) -> Run:
    connect(url(valkey.port)).flushall()
    environment = {"REDIS_URL": url(valkey.port), "BOOTSTRAP_SERVERS": broker.address}

    def run_(*arguments: str, **other: str) -> Result:
        return CliRunner(env=environment | other).invoke(main, arguments)

    return run_


@pytest.fixture
def projected(run: Run, valkey: LocalServer, anna: list[dict[str, Any]]) -> Run:
    """As `run`, after Anna's changes have been projected."""
    client = connect(url(valkey.port))
    view = View(client, "test")
    view.ask(define(LADDER))
    deliver(view, anna)
    show(client, "test")
    return run


@pytest.mark.parametrize("command", [("contact", "c1"), ("funnel",), ("handoffs",)])
def test_before_anything_is_projected_a_command_says_what_to_start(
    run: Run, command: tuple[str, ...]
) -> None:
    result = run(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: Nothing has been projected yet. Start `stageline projector`.\n"


@pytest.mark.parametrize("command", [("contact", "c1"), ("funnel",), ("handoffs",)])
def test_without_redis_a_command_says_so(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, REDIS_URL="redis://127.0.0.1:1/0")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "127.0.0.1:1" in result.stderr
    assert "`stageline up`" in result.stderr


def test_contact_shows_stage_score_by_rule_and_the_reasons_of_every_change(projected: Run) -> None:
    result = projected("contact", "anna@x.example")
    assert result.exit_code == 0
    for told in (
        "mql", "since 2026-01-03 00:00 UTC", "score 40.5", "product-page 40.5", "lead → mql",
        "Viewed the products page 10 times.", "✓ products page viewed in 14 d: 10", "✗ downloads: 1",
        "hand-off of mql offered", "stages.mql.enter",
    ):  # fmt: skip
        assert told in result.stdout


def test_contact_as_json_is_the_whole_view(projected: Run, anna: list[dict[str, Any]]) -> None:
    found = json.loads(projected("contact", "anna@x.example", "--json").stdout)
    assert found["stages"] == {"main": {"id": "mql", "since": START + 2 * DAY}}
    assert [change["sequence"] for change in found["changes"]] == [1, 2, 1]
    assert sorted(found["changes"], key=lambda change: (change["record"], change["sequence"])) == sorted(
        anna, key=lambda change: (change["record"], change["sequence"])
    )


def test_an_unknown_contact_is_refused_with_ids_that_look_like_it(projected: Run) -> None:
    result = projected("contact", "anna@y.example")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Some that have: anna@x.example." in result.stderr


def test_funnel_shows_every_stage_and_the_sum(projected: Run) -> None:
    result = projected("funnel")
    lead, mql = (line.split() for line in result.stdout.splitlines()[1:3])
    assert (lead[0], lead[2], lead[3]) == ("lead", "0", "1")
    assert (mql[0], mql[2], mql[3], mql[5]) == ("mql", "1", "1", "100.0%")
    assert "1 of 1 contacts have a stage." in result.stdout
    assert json.loads(projected("funnel", "--json").stdout)["staged"] == 1


def test_funnel_shows_who_went_on_within_a_time(projected: Run) -> None:
    for within, converted in (("2d", "1 100.0%"), ("47h", "0 0.0%")):
        result = projected("funnel", "--within", within, "--since", "2026-01-01T00:00:00Z")
        assert " ".join(result.stdout.splitlines()[1].split()) == f"lead mql 1 1 {converted} 0"
    (step,) = json.loads(projected("funnel", "--within", "9999999d", "--json").stdout)["stages"]
    assert (step["decided"], step["undecided"], step["undecided_converted"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--within", "soon"), "such as 90m, 36h or 30d"),
        (("--since", "30d"), "say --within how long it has"),
        (("--within", "1d", "--since", "1d", "--until", "2d"), "since must come before until"),
    ],
)
def test_a_cohort_that_makes_no_sense_is_refused(run: Run, options: tuple[str, ...], remedy: str) -> None:
    result = run("funnel", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert remedy in " ".join(result.stderr.split())


def test_sources_shows_where_those_who_reached_a_stage_came_from(projected: Run) -> None:
    lines = [" ".join(line.split()) for line in projected("sources").stdout.splitlines()]
    assert lines[1:3] == ["lead all 1 1 1", "none told 1 100.0% 1 100.0% 1 100.0%"]
    assert lines[3:6] == [
        "mql all 1 1 1",
        "mail 0 0.0% 1 100.0% 1 100.0%",
        "search 1 100.0% 0 0.0% 0 0.0%",
    ]
    (lead, _mql) = json.loads(projected("sources", "--until", "2026-01-02T00:00:00Z", "--json").stdout)[
        "stages"
    ]
    assert lead["sources"] == [{"source": None, "first": 1, "last": 1, "crossing": 1}]


def test_handoffs_shows_open_ones_with_what_is_overdue(projected: Run) -> None:
    result = projected("handoffs")
    assert "anna@x.example" in result.stdout
    assert "2026-01-04 00:00 (overdue" in result.stdout
    assert "1 open, 0 accepted" in result.stdout
    assert json.loads(projected("handoffs", "--json").stdout)["counts"]["open"] == 1


def test_handoffs_shows_how_they_were_answered(projected: Run, valkey: LocalServer) -> None:
    rejected = History("ben@x.example")
    rejected.handoff("offered", "h2", accept_by=START + HOUR)
    rejected.wait(2 * HOUR).handoff("rejected", "h2", accept_by=START + HOUR, reason="no budget\nthis year")
    deliver(View(connect(url(valkey.port)), "test"), rejected.changes)
    lines = [" ".join(line.split()) for line in projected("handoffs", "--figures").stdout.splitlines()]
    assert lines == [
        "accepted 0.0% 0 of 1; 1 rejected, 0 expired",
        "answered in time 0.0% 0 of 2; 1 late, 0 expired, 1 overdue",
        "median time to answer 2 h",
        "returned, then accepted 0.0% 0 of 1; 0 handed over again",
        "recycled, then accepted — 0 of 0; 0 handed over again",
        "rejected 1: no budget\\nthis year",
    ]
    found = json.loads(projected("handoffs", "--figures", "--until", "2026-01-01T00:00:00Z", "--json").stdout)
    assert (found["rejected"], found["acceptance"]) == (0, None)
    assert "say --figures, too" in projected("handoffs", "--since", "30d").stderr


def test_tail_shows_the_last_changes_in_order_and_follows(
    run: Run,
    broker: LocalServer,
    anna: list[dict[str, Any]],
) -> None:
    ensure_topics(broker.address)
    with KafkaProducer(bootstrap_servers=broker.address) as producer:
        for change in anna:
            producer.send(TOPICS[change["record"]], key=b"anna", value=encode(change))
    lines = run("tail", "--no-follow").stdout.splitlines()
    assert [line.split("  ")[2] for line in lines] == ["— → lead", "lead → mql", "hand-off of mql offered"]
    assert [json.loads(line) for line in run("tail", "--no-follow", "--json").stdout.splitlines()] == anna
    assert run("tail", "--no-follow", "-n", "1").stdout == lines[-1] + "\n"
    everything = run("tail", "--no-follow", "--from-beginning").stdout.splitlines()
    assert sorted(everything) == sorted(lines)


def test_tail_without_a_broker_says_so(run: Run) -> None:
    result = run("tail", BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No Kafka broker answers at 127.0.0.1:1 " in result.stderr


def test_the_projector_fills_the_views_and_ends_on_sigterm(
    run: Run,
    broker: LocalServer,
    valkey: LocalServer,
) -> None:
    del run
    ensure_topics(broker.address)
    environment = {"REDIS_URL": url(valkey.port), "BOOTSTRAP_SERVERS": broker.address}
    command = Path(sys.executable).with_name("stageline")
    with subprocess.Popen(
        [command, "projector"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any("caught up, shown" in line for line in process.stderr)
        assert live_view(connect(url(valkey.port))) is not None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "< 1 s"),
        (999, "< 1 s"),
        (MINUTE, "1 min"),
        (HOUR + 1_000, "1 h"),
        (HOUR + MINUTE, "1 h 1 min"),
        (3 * DAY + 4 * HOUR + MINUTE, "3 d 4 h"),
    ],
)
def test_a_span_has_its_two_largest_units(ms: int, text: str) -> None:
    assert span(ms) == text
