import pytest

from processors.lab.vary import Vary, combinations, read_vary
from schemas.errors import LifecycleError


@pytest.mark.parametrize(
    ("spec", "texts"),
    [
        ("3..6", "3 4 5 6"),
        ("-1..1", "-1 0 1"),
        ("7", "7"),
        ("3, 5,8", "3 5 8"),
        ("3,5,3", "3 5"),
        ("1..2 step 0.5", "1 1.5 2"),
        ("10..20 step 4", "10 14 18"),
        ("7d..21d step 7d", "7d 14d 21d"),
        ("2h..4h", "2h 3h 4h"),
        ("10%..30% step 10%", "10% 20% 30%"),
        ("gmail.com,web.de", "gmail.com web.de"),
    ],
)
def test_a_range_includes_both_ends_and_a_list_its_values_once(spec: str, texts: str) -> None:
    assert read_vary(f"a.b={spec}") == Vary(path=("a", "b"), texts=tuple(texts.split()))


def test_items_of_a_list_are_named_by_id_or_by_number_in_either_way_of_writing() -> None:
    assert read_vary("stages.mql.enter.any[1].x=1").name == "stages.mql.enter.any.1.x"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("a.b", "not a path and its values"),
        ("=3", "not a path and its values"),
        ("a..b=3", "not a path and its values"),
        ("a=", "no values"),
        ("a=1,,2", "no values"),
        ("a=x..y", "not a range"),
        ("a=8..3", "goes nowhere"),
        ("a=1..3 step 0", "goes nowhere"),
        ("a=1h..2d", "mixes units"),
        ("a=1d..9d step 2", "mixes units"),
        ("a=1..1000", "1,000 values; at most 100"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_wrong(written: str, message: str) -> None:
    with pytest.raises(LifecycleError, match=message):
        read_vary(written)


def test_every_combination_comes_once_the_last_path_fastest() -> None:
    found = combinations([read_vary("a=1,2"), read_vary("b=x,y")])
    assert [tuple(one.values()) for one in found] == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


def test_too_many_combinations_are_refused_with_their_number() -> None:
    with pytest.raises(LifecycleError, match="11 by 10 = 110 combinations; at most 100"):
        combinations([read_vary("a=0..10"), read_vary("b=1..10")])


def test_a_path_given_twice_is_refused() -> None:
    with pytest.raises(LifecycleError, match="--vary a: given twice"):
        combinations([read_vary("a=1"), read_vary("a=2")])
