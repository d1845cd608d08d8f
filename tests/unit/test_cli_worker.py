"""Which parts a worker runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processors.cli import worker
from processors.lifecycle_files import load_lifecycle
from processors.settings import load_settings

if TYPE_CHECKING:
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
