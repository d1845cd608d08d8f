"""Which parts a worker runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processors.cli import live, worker
from processors.lifecycle_files import load_lifecycle
from processors.promotion.generation import generation
from processors.settings import load_settings

if TYPE_CHECKING:
    from processors.promotion.generation import Generation
    from processors.settings import Settings

INTAKE, LIFECYCLE, COMPANY = "stageline-intake", "stageline-lifecycle", "stageline-company"


@pytest.mark.parametrize(
    ("only", "presets", "names"),
    [
        (None, ["clarity"], [INTAKE, LIFECYCLE]),
        (None, ["inveniv"], [INTAKE, LIFECYCLE, COMPANY]),
        (None, ["clarity", "inveniv"], [INTAKE, LIFECYCLE, COMPANY]),  # promoted since
        (
            None,
            ["inveniv", "clarity"],
            [INTAKE, LIFECYCLE, COMPANY],
        ),  # what was told is still to be taken back
        ("lifecycle", ["inveniv"], [LIFECYCLE]),
        ("company", ["clarity"], [COMPANY]),
    ],
)
def test_companies_are_rolled_up_where_any_definition_has_them(
    only: str | None, presets: list[str], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def known(_settings: Settings) -> list[object]:
        return [load_lifecycle(name) for name in presets]

    monkeypatch.setattr(worker, "known_plans", known)
    assert [one.name for one in worker._processors(only, load_settings())] == names


def test_a_definition_that_was_given_up_decides_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = {1: "switched", 2: "aborted", 3: "building"}
    presets = {1: "clarity", 2: "inveniv", 3: "revenue"}

    def known(_settings: Settings) -> dict[int, Generation]:
        return {
            number: generation(
                load_lifecycle(presets[number]),
                "",
                number,
                None,
                status=status,
                at=0,
                in_place=False,
                barriers={},
            )
            for number, status in statuses.items()
        }

    monkeypatch.setattr(live, "generations", known)
    assert [plan.id for plan in live.known_plans(load_settings())] == ["clarity", "revenue"]
