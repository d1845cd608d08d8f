from pathlib import Path

import pytest

from processors.lifecycle_files import compile_lifecycle
from processors.replay.compare import Comparison
from processors.replay.explained import explained
from processors.replay.log_files import open_log
from tests.builders.lab import FILE, end, history, view, write

NOW = compile_lifecycle("now.yaml", FILE.encode())
THEN = compile_lifecycle("then.yaml", FILE.replace("at_least: 2", "at_least: 1").encode())


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    """From two views to one: cid and eve come in; ann and bob stay; dan never had a view."""
    rows = [*history()[:-1], *(view(f"p{number}", 30) for number in range(9)), end(60)]
    with open_log(str(write(tmp_path / "log.ndjson", rows))) as log:
        comparison = Comparison(NOW, THEN, log)
        for _event in comparison.fold(lambda _refused: None):
            pass
        comparison.finish()
        return comparison


def test_those_who_differ_come_first_and_the_others_while_there_is_room(comparison: Comparison) -> None:
    differences = comparison.differences()
    assert len(differences) == 10  # cid has won since, on both sides
    everybody = explained(comparison, differences, 100)
    assert [one["id"] for one in everybody] == [
        "ann",
        "bob",
        "cid",
        "dan",
        "eve",
        *(f"p{n}" for n in range(9)),
    ]
    assert [one["id"] for one in explained(comparison, differences, 3)] == ["eve", "p0", "p1"]
    assert "ann" in {one["id"] for one in explained(comparison, differences, 11)}


def test_every_move_has_its_share_of_what_is_explained(comparison: Comparison) -> None:
    rare = comparison.differences()
    back = [one for one in rare if one.contact_id == "p8"]
    object.__setattr__(back[0], "to_stage", "customer")  # a move of its own, last by id
    assert {one["id"] for one in explained(comparison, rare, 2)} == {"eve", "p8"}


def test_both_sides_are_told_with_reasons_and_with_what_is_missing(comparison: Comparison) -> None:
    (eve,) = (one for one in explained(comparison, comparison.differences(), 100) if one["id"] == "eve")
    before, after = eve["sides"]
    assert (before["stage"], after["stage"]) == ("none", "mql")
    assert "rule" not in before
    ((way,), holds) = before["missing"], before["missing"][0]["holds"]
    assert (way["criterion"], holds) == ("stages.mql.enter", False)
    assert (way["evidence"][0]["value"], way["evidence"][0]["threshold"]) == ("1", "2")
    assert (after["rule"], after["missing"]) == ("stages.mql.enter", [])
    assert after["evidence"][0]["met"] is True


def test_stages_are_those_of_the_definition_that_decides_in_the_end(comparison: Comparison) -> None:
    promoted = FILE.replace("id: customer", "id: client")
    comparison.plans = compile_lifecycle("promoted.yaml", promoted.encode()), THEN
    assert list(comparison.totals()["stages"]) == ["mql", "client", "customer"]
