from __future__ import annotations

import pytest

from tests.builders.broken_files import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_broken_file_is_refused_with_its_place_and_a_remedy(case: Case) -> None:
    assert case.actual == case.report


def test_one_mistake_gives_one_message() -> None:
    several = {case.name for case in cases() if case.report.count("full.yaml:") != 1}
    assert several == {"several mistakes come in order of position"}
