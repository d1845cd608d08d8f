from __future__ import annotations

import pytest

from projections.web.kept import Kept


def test_an_answer_is_kept_for_a_while_and_for_its_question_only() -> None:
    found = iter(range(9))
    kept = Kept(60)
    asked = [kept.answer(question, lambda: next(found)) for question in ("a", "a", "b", "a")]
    assert asked == [0, 0, 1, 2]


def test_an_answer_that_has_become_old_is_found_again() -> None:
    found = iter(range(9))
    kept = Kept(0)
    assert [kept.answer("a", lambda: next(found)) for _ in range(3)] == [0, 1, 2]


def test_what_could_not_be_found_is_asked_for_again() -> None:
    kept = Kept(60)
    with pytest.raises(ZeroDivisionError):
        kept.answer("a", lambda: 1 // 0)
    assert kept.answer("a", lambda: "there") == "there"
