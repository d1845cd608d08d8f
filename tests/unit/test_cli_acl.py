"""The list of rights: complete, from the code's own names, and no more than each role needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from processors.access_list import INCLUDED_IN, PROCESSORS, all_rights
from processors.cli.acl import command
from processors.cli.doctor.groups import GROUPS
from processors.cli.main import main
from processors.engine.living import Living
from processors.lifecycle_files import load_lifecycle
from projections.log import OUTPUTS
from schemas.topics import ALL, generation_changelog

if TYPE_CHECKING:
    from processors.access_list import Right
    from processors.engine.company import Companies
    from processors.engine.intake import Intake
    from processors.engine.lifecycle import Lifecycle

RIGHTS = all_rights("crm")


def may(role: str, kind: str, name: str) -> set[str]:
    """Return what a role may do with one thing, as a broker would decide it."""

    def covers(right: Right) -> bool:
        return name.startswith(right.name) if right.prefixed else name == right.name

    found = [right for right in RIGHTS if (right.role, right.kind) == (role, kind) and covers(right)]
    granted = {operation for right in found for operation in right.operations}
    return granted | {one for one, larger in INCLUDED_IN.items() if larger & granted}


@pytest.mark.parametrize("topic", [topic.name for topic in ALL])
def test_every_topic_is_seen_by_the_worker_and_made_by_the_operator(topic: str) -> None:
    assert {"Describe", "DescribeConfigs"} <= may("worker", "topic", topic)
    assert {"Create", "AlterConfigs", "DescribeConfigs"} <= may("operator", "topic", topic)


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_worker_may_do_what_its_processors_say_they_do(
    processor: type[Intake | Lifecycle | Companies],
) -> None:
    assert "Read" in may("worker", "group", processor.name)
    for source in processor.sources:
        assert "Read" in may("worker", "topic", source)
        assert "Write" in may("worker", "transactional-id", f"{processor.name}-{source}-7")
    for output in processor.outputs:
        assert "Write" in may("worker", "topic", output)
    if processor.changelog:
        assert {"Read", "Write"} <= may("worker", "topic", processor.changelog)


def test_the_operator_may_build_a_generation_and_the_worker_read_it() -> None:
    living = Living(load_lifecycle("clarity"), 12)
    changelog = generation_changelog(12).name
    assert {"Create", "Read", "Write", "Delete"} <= may("operator", "topic", changelog)
    assert may("worker", "topic", changelog) == {"Read", "Describe"}
    assert "Read" in may("operator", "group", living.name)
    (source,) = living.sources
    assert "Write" in may("operator", "transactional-id", f"{living.name}-{source}-0")


@pytest.mark.parametrize("topic", [*(source for topics in GROUPS.values() for source in topics), *OUTPUTS])
def test_the_operators_doctor_may_read_what_workers_and_projector_wait_for(topic: str) -> None:
    assert "Read" in may("operator", "topic", topic)


def test_who_publishes_reads_nothing_and_nobody_else_writes_the_truth() -> None:
    assert not [right for right in RIGHTS if right.role == "publisher" and "Read" in right.operations]
    writers = {right.role for right in RIGHTS if "Write" in may(right.role, "topic", "contact-events")}
    assert writers == {"worker", "operator"}


def test_each_right_stands_once() -> None:
    places = [(right.role, right.kind, right.name) for right in RIGHTS]
    assert len(places) == len(set(places))


def test_the_lines_are_of_kafkas_own_tool() -> None:
    (line,) = [command(right) for right in RIGHTS if right.name == "stageline-intake-engagement-"]
    assert line == (
        'kafka-acls.sh --bootstrap-server "$BOOTSTRAP_SERVERS" --add'
        " --allow-principal User:stageline-worker --operation Write"
        " --transactional-id stageline-intake-engagement- --resource-pattern-type prefixed"
    )
    (cluster,) = [command(right) for right in RIGHTS if right.kind == "cluster"]
    assert cluster.endswith("--operation Describe --operation DescribeConfigs --cluster")


def test_the_command_prints_all_of_them_in_three_ways() -> None:
    told = CliRunner().invoke(main, ["acl", "--json", "--sales-group", "their own"]).stdout.splitlines()
    assert len(told) == len(RIGHTS)
    assert "their own" in {json.loads(line)["name"] for line in told}
    lines = CliRunner().invoke(main, ["acl", "--commands", "--sales-group", "their own"]).stdout
    assert "--group 'their own'" in lines
    table = CliRunner().invoke(main, ["acl"]).stdout
    assert all(right.name in table for right in RIGHTS)
    assert CliRunner().invoke(main, ["acl", "--json", "--commands"]).exit_code == 2
