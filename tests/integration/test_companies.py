"""Companies on a genuine broker: workers killed while they roll up, every company told once and in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processors.company import Company, Row, fold
from processors.stack.valkey import url
from processors.topic_admin import ensure_topics
from schemas.codec import decode_trusted
from schemas.topics import COMPANY_CHANGED, COMPANY_MEMBERS, CONTACT_EVENTS
from tests.builders.kafka import Committed, read_topic, record_ends

if TYPE_CHECKING:
    import pytest

    from processors.stack.server import LocalServer

STAGELINE = Path(sys.executable).with_name("stageline")
START = int(time.time() * 1000) - 600_000  # of late, so that no timer comes due while all is compared
CONTACTS, COMPANIES, ROUNDS = 120, 9, 4
PATIENCE_S = 150.0
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("newsletter_signup", {}),
    ("demo_requested", {}),
    ("deal_changed", {"deal": "d", "stage": "proposal", "amount": 900, "currency": "EUR"}),
    ("deal_changed", {"deal": "d", "stage": "closed_lost", "amount": 900, "currency": "EUR"}),
]


def published(round_: int) -> bytes:
    """Everybody goes one step on; every seventh contact changes its company on the way."""
    kind, fields = KINDS[round_]
    rows = []
    for number in range(CONTACTS):
        company = (number + (round_ > 1 and number % 7 == 0)) % COMPANIES
        head = {"event_id": f"{round_}-{number}", "contact_id": f"c{number}", "company_id": f"k{company}"}
        if number % (round_ + 1) == 0:
            rows.append({"type": kind, **head, "occurred_at": START + round_ * 60_000 + number, **fields})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_a_company_is_told_once_and_in_order_whoever_is_killed(
    broker: LocalServer, valkey: LocalServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bootstrap = broker.address
    env = os.environ | {
        "BOOTSTRAP_SERVERS": bootstrap,
        "STAGELINE_LIFECYCLE": "inveniv",
        "STAGELINE_HOME": str(tmp_path),
        "REDIS_URL": url(valkey.port),
    }
    ensure_topics(bootstrap)

    def start(number: int) -> subprocess.Popen[bytes]:
        with (tmp_path / f"worker-{number}.log").open("wb") as log:
            worker = subprocess.Popen([STAGELINE, "worker"], env=env, stdout=log, stderr=log)
        request.addfinalizer(worker.kill)
        return worker

    workers = [start(0), start(1)]
    for round_ in range(ROUNDS):
        subprocess.run([STAGELINE, "publish", "-"], env=env, input=published(round_), check=True)
        time.sleep(1.5)  # somewhere in the middle of the work
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        workers = [workers[1], start(round_ + 2)]
    everything = {
        f"{round_}-{n}" for round_ in range(ROUNDS) for n in range(CONTACTS) if n % (round_ + 1) == 0
    }
    wait_until_done(bootstrap, everything)
    for worker in workers:
        worker.terminate()
        assert worker.wait(60) == 0

    expected, told = folded(bootstrap), changes(bootstrap)
    assert told == expected
    assert {one["to"] for all_ in told.values() for one in all_} >= {"subscriber", "mql", "opportunity"}
    tailed = subprocess.run(
        [STAGELINE, "tail", "--companies", "--from-beginning", "--no-follow"],
        env=env, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert len(tailed) == sum(map(len, told.values()))
    assert any("  k1  " in line and " → mql  by c" in line for line in tailed)
    wait_until_shown(env, request, Counter(all_[-1]["to"] for all_ in told.values()))


def wait_until_shown(env: dict[str, str], request: pytest.FixtureRequest, wanted: dict[str, int]) -> None:
    """Wait until `stageline companies` shows so many in each stage: a first view is shown while it fills."""
    projector = subprocess.Popen([STAGELINE, "projector"], env=env, stderr=subprocess.DEVNULL)
    request.addfinalizer(projector.kill)
    deadline = time.monotonic() + PATIENCE_S
    staged: dict[str, int] = {}
    while staged != wanted:
        assert time.monotonic() < deadline, f"shown are {staged}, not {wanted}"
        time.sleep(0.5)
        ran = subprocess.run([STAGELINE, "companies", "--json"], env=env, capture_output=True, check=False)
        stages = json.loads(ran.stdout)["stages"] if ran.returncode == 0 else []
        staged = {one["stage"]: one["now"] for one in stages if one["now"]}


def changes(bootstrap: str) -> dict[str, list[dict[str, Any]]]:
    """What companies told, as a committed reader sees it, in order per company."""
    told = defaultdict(list)
    for row in read_topic(bootstrap, COMPANY_CHANGED.name):
        change = decode_trusted(row.value or b"")
        assert row.key == change["company_id"].encode()
        told[change["company_id"]].append(change)
    return dict(told)


def folded(bootstrap: str) -> dict[str, list[dict[str, Any]]]:
    """What they should have told, from what they were told."""
    companies: defaultdict[str, Company] = defaultdict(Company)
    rows: dict[tuple[str, str], Row | None] = {}
    told = defaultdict(list)
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for row in read_topic(bootstrap, COMPANY_MEMBERS.name):
        change = decode_trusted(row.value or b"")
        key = change["company_id"], change["contact_id"]
        seen[change["contact_id"]].append(change["sequence"])
        rows[key], one = fold(companies[key[0]], rows.get(key), change)
        if one is not None:
            told[key[0]].append(one)
    for numbers in seen.values():  # a contact's records may lie in several partitions
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
    return dict(told)


def wait_until_done(bootstrap: str, wanted: set[str]) -> None:
    """Wait until all events are admitted, decided and rolled up."""
    passed = [
        (topic, Committed(bootstrap, group, topic))
        for group, topic in (
            ("stageline-lifecycle", CONTACT_EVENTS.name),
            ("stageline-company", COMPANY_MEMBERS.name),
        )
    ]
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        events = [decode_trusted(row.value or b"") for row in read_topic(bootstrap, CONTACT_EVENTS.name)]
        if wanted <= {event["event_id"] for event in events} and all(
            committed().get(number, 0) >= end
            for topic, committed in passed
            for number, end in record_ends(bootstrap, topic).items()
        ):
            return
        time.sleep(0.5)
    raise AssertionError("the workers have not done everything")
