"""A recorded log in which the definition changes: replay changes it at the same place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from processors import lifecycle
from processors.cli.main import main
from processors.promotion.barrier import barrier
from processors.replay.replay import Replay
from schemas.ndjson import to_line
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import HOUR, MONDAY, event

if TYPE_CHECKING:
    from pathlib import Path

    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]


def mql_after(views: int) -> Plan:
    return plan_of(
        stages(
            "id: lead, enter: {did: {what: view}}",
            f"id: mql, enter: {{did: {{what: product, at_least: {views}}}}}, handoff: {{to: sales}}",
        )
    )


OLD, NEW = mql_after(5), mql_after(3)
CHANGE = barrier(NEW, 2, replaces=OLD.plan_hash, at=MONDAY + 5 * HOUR, in_place=False)


def seen_by(contact: str, count: int, first: int = 0) -> list[Event]:
    return [
        event(
            "page_view",
            MONDAY + number * HOUR,
            url="/products/a",
            contact_id=contact,
            event_id=f"{contact}{number}",
        )
        for number in range(first, first + count)
    ]


def recorded(*told: Event) -> list[Event]:
    """What contact-events holds of these events under the old plan: with what contacts pass on."""
    return [{**one, "position": position} for position, one in enumerate(told)]


def replay(log: list[Event], **options: Any) -> list[tuple[str, str | None, str | None]]:  # noqa: ANN401
    run = Replay(OLD, lambda: log, recorded=True, **options)
    changes = [change for one in log for change in run.feed(one)]
    return [
        (one["contact_id"], one["from"], one["to"]) for one in changes if one["record"] == "stage_changed"
    ]


def test_at_the_barrier_everybody_stands_where_the_new_definition_has_them() -> None:
    log = recorded(*seen_by("ann", 3), *seen_by("bob", 2), CHANGE, *seen_by("bob", 1, 10))
    assert replay(log) == [
        ("ann", None, "lead"),
        ("bob", None, "lead"),
        ("ann", "lead", "mql"),
        ("bob", "lead", "mql"),
    ]


def test_a_barrier_that_comes_again_changes_nothing() -> None:
    log = recorded(*seen_by("ann", 3), CHANGE, CHANGE)
    assert replay(log) == [("ann", None, "lead"), ("ann", "lead", "mql")]


def test_a_barrier_of_one_partition_concerns_its_own_contacts_only() -> None:
    log = recorded(*seen_by("ann", 3), *seen_by("bob", 3), {**CHANGE, "partition": 1})
    told = replay(log, home=lambda contact: int(contact == "bob"))
    assert told[2:] == [("bob", "lead", "mql")]


VISITOR = [
    *seen_by("anon:v", 3),
    event("contact_identified", MONDAY + 4 * HOUR, contact_id="anon:v", into="ann", event_id="i"),
]


def travelling() -> Event:
    """The record that the worker wrote when the visitor was identified, under the old plan."""
    passed_on: dict[str, Event] = {}
    state = b""
    for one in recorded(*VISITOR):
        state, changes = lifecycle.apply(OLD, state, one)
        passed_on |= {change["record"]: change for change in changes}
    return {name: value for name, value in passed_on["history_transferred"].items() if name != "record"}


@pytest.mark.parametrize("rest", [(travelling(), CHANGE), (CHANGE, travelling())])
def test_a_visitors_history_counts_whether_it_arrives_before_or_after_the_barrier(
    rest: tuple[Event, Event],
) -> None:
    assert OLD.shape_hash != NEW.shape_hash
    told = [to for contact, _, to in replay(recorded(*VISITOR, *rest)) if contact == "ann"]
    assert told[-1] == "mql"


def test_the_log_needs_no_other_file_and_always_gives_the_same_digest(tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    file.write_text(
        "".join(to_line(one) + "\n" for one in [*seen_by("ann", 12), CHANGE, *seen_by("ann", 1, 20)])
    )
    arguments = ["replay", "--lifecycle", "buyers-journey", "--events", str(file), "--recorded"]
    first, second = (json.loads(CliRunner().invoke(main, arguments).stdout) for _ in range(2))
    assert first["digest"] == second["digest"]
    assert first["moves"] == {"none→mql": 1}
