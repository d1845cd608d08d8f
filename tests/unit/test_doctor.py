from __future__ import annotations

from processors.cli.doctor.groups import GROUPS
from processors.engine.intake import Intake
from processors.engine.lifecycle import Lifecycle
from processors.lifecycle_files import load_lifecycle


def test_the_doctor_looks_at_the_groups_that_the_workers_form() -> None:
    processors = (Intake(), Lifecycle(load_lifecycle("buyers-journey")))
    assert {one.name: one.sources for one in processors} == GROUPS
