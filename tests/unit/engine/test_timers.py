from hypothesis import given
from hypothesis import strategies as st

from processors.engine import timers as module
from processors.engine.timers import Timers

CONTACTS = st.sampled_from([b"a", b"b", b"c", b"d"])
STEPS = st.lists(st.tuples(CONTACTS, st.none() | st.integers(0, 50)))


def test_contacts_come_out_by_due_time_and_then_by_key() -> None:
    timers = Timers()
    for key, due in [(b"late", 9), (b"b", 5), (b"a", 5), (b"first", 1)]:
        timers.set(key, due)
    assert timers.pop_due(at=5, limit=10) == [b"first", b"a", b"b"]
    assert timers.next() == 9


def test_no_more_than_the_limit_come_out_and_the_rest_stay_in_order() -> None:
    timers = Timers()
    for number in range(5):
        timers.set(b"%d" % number, number)
    assert timers.pop_due(at=9, limit=2) == [b"0", b"1"]
    assert timers.pop_due(at=9, limit=9) == [b"2", b"3", b"4"]


def test_a_contact_that_is_due_earlier_or_never_any_more_does_not_come_out_at_its_old_time() -> None:
    timers = Timers()
    timers.set(b"moved", 5)
    timers.set(b"moved", 3)
    timers.set(b"gone", 4)
    timers.set(b"gone", None)
    assert timers.pop_due(at=9, limit=9) == [b"moved"]
    assert timers.next() is None


@given(steps=STEPS, at=st.integers(0, 50))
def test_what_is_due_is_what_a_plain_table_says(steps: list[tuple[bytes, int | None]], at: int) -> None:
    timers, table = Timers(), {}
    for key, due in steps:
        timers.set(key, due)
        table[key] = due
    left = {key: due for key, due in table.items() if due is not None}
    expected = sorted((due, key) for key, due in left.items() if due <= at)
    assert timers.is_due(at) == bool(expected)
    assert timers.pop_due(at, limit=99) == [key for _, key in expected]
    assert len(timers) == len(left) - len(expected)


def test_memory_stays_in_bounds_when_one_contact_moves_for_ever() -> None:
    timers = Timers()
    for due in range(3 * module.STALE_BEFORE_REBUILD):
        timers.set(b"a", due)
    assert len(timers._heap) <= module.STALE_BEFORE_REBUILD + 2
    assert timers.next() == 3 * module.STALE_BEFORE_REBUILD - 1
