import gc
from collections.abc import Iterator

import pytest

from processors.engine.app import collect_rarely


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def test_what_a_fetch_and_a_batch_make_starts_no_search_for_garbage_in_cycles() -> None:
    collect_rarely()
    gc.collect()
    before = collections()
    kept = [[number] for number in range(400_000)]  # eight partitions that hold all they may, and more
    assert len(kept) == 400_000
    assert collections() == before


def test_cycles_are_still_found() -> None:
    collect_rarely()
    before = collections()
    for _ in range(2_000_000):
        cycle: list[object] = []
        cycle.append(cycle)
    assert before < collections()
    assert len(gc.get_objects()) < 2_000_000
