from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from kafka.errors import CoordinatorLoadInProgressError, GroupAuthorizationFailedError, KafkaError

from processors.cli.doctor.examination import _asked
from processors.cli.doctor.groups import GROUPS, check_groups
from processors.engine.company import Companies
from processors.engine.intake import Intake
from processors.engine.lifecycle import Lifecycle
from processors.lifecycle_files import load_lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka.admin import KafkaAdminClient

    from processors.cli.doctor.finding import Finding


def test_the_doctor_looks_at_the_groups_that_the_workers_form() -> None:
    processors = (Intake(), Lifecycle(load_lifecycle("buyers-journey")), Companies())
    assert {one.name: one.sources for one in processors} == GROUPS


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (GroupAuthorizationFailedError("group g"), "Give this user the right to describe it."),
        (CoordinatorLoadInProgressError("group g"), "Look again in a few seconds."),
    ],
)
def test_what_cannot_be_looked_at_is_unknown_and_the_remedy_fits_the_reason(
    error: KafkaError, remedy: str
) -> None:
    def check() -> Iterator[Finding]:
        raise error

    (finding,) = _asked("groups", check)
    assert (finding.state, finding.remedy) == ("unknown", remedy)
    assert "group g" in finding.what


def test_a_coordinator_that_is_still_loading_is_not_taken_for_a_group_without_workers() -> None:
    class Admin:
        """kafka-python's, of a broker that has just come up: no members, and an error beside them."""

        def describe_topics(self, _topics: object) -> list[Any]:
            return []

        def describe_groups(self, groups: list[str]) -> dict[str, Any]:
            error = str(CoordinatorLoadInProgressError(""))
            return {group: {"members": [], "group_state": "", "error": error} for group in groups}

    findings = list(check_groups(cast("KafkaAdminClient", Admin()), "", 10_000))
    assert [(one.about, one.state) for one in findings] == [(f"group {name}", "unknown") for name in GROUPS]
    assert "CoordinatorLoadInProgressError" in findings[0].what
