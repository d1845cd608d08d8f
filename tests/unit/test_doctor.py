from __future__ import annotations

from processors.cli.doctor.groups import GROUPS
from processors.engine.intake import Intake


def test_the_doctor_looks_at_the_groups_that_the_workers_form() -> None:
    intake = Intake()
    assert GROUPS[intake.name] == intake.sources
