"""Batches are decided one at a time, beside the event loop, while other transactions are under way."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from processors.engine.turns import AT_ONCE, FEW, Turns


def test_the_event_loop_goes_on_while_a_batch_is_decided() -> None:
    async def course() -> bool:
        go_on = threading.Event()
        deciding = asyncio.create_task(Turns().beside(lambda: _wait(go_on)))
        await asyncio.sleep(0.01)
        went_on = not deciding.done()
        go_on.set()
        await deciding
        return went_on

    assert asyncio.run(course())


def test_what_is_told_of_the_work_is_its_own_cpu_time() -> None:
    def work() -> None:
        time.sleep(0.2)  # somebody else's time
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass

    assert 0.05 <= asyncio.run(Turns().beside(work)) < 0.15


@pytest.mark.parametrize(
    ("unlocked", "records", "beside"),
    [(True, 1, False), (True, FEW, False), (True, FEW + 1, True), (False, FEW + 1, False)],
)
def test_few_records_and_what_keeps_the_interpreters_lock_are_decided_at_once(
    *, unlocked: bool, records: int, beside: bool
) -> None:
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())

    asyncio.run(Turns().decide(work, records, unlocked=unlocked))
    assert (threads != [threading.current_thread()]) == beside


def test_an_error_comes_through_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Turns().beside(_fail))


def test_who_is_cancelled_waits_for_the_end_of_its_work() -> None:
    ended = []

    async def course() -> None:
        go_on = threading.Event()
        deciding = asyncio.create_task(Turns().beside(lambda: ended.append(_wait(go_on))))
        await asyncio.sleep(0.01)
        deciding.cancel()
        await asyncio.sleep(0.01)
        assert not deciding.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await deciding

    asyncio.run(course())
    assert ended == [True]


def test_one_batch_is_decided_at_a_time_and_none_before_its_transaction_may_begin() -> None:
    async def course() -> list[str]:
        taken, done, may_end = Turns(), [], asyncio.Event()

        async def decide() -> str:
            done.append("decide")
            await asyncio.sleep(0)
            return "something"

        async def commit(_: str) -> None:
            done.append("commit")
            await may_end.wait()

        taking = [asyncio.create_task(taken.take(decide, commit)) for _ in range(AT_ONCE + 3)]
        for _ in range(100):  # steps of the loop, more than any needs: a span of time may hold few
            await asyncio.sleep(0)
        first = list(done)
        may_end.set()
        await asyncio.gather(*taking)
        assert done.count("commit") == len(taking)
        return first

    assert asyncio.run(course()) == [*["decide", "commit"] * AT_ONCE, "decide"]


def test_what_is_not_decided_takes_no_turn() -> None:
    async def course() -> None:
        taken = Turns()

        async def decide() -> None:
            pass

        async def commit(_: object) -> None:
            raise AssertionError

        for _ in range(AT_ONCE + 1):
            await asyncio.wait_for(taken.take(decide, commit), timeout=5)

    asyncio.run(course())


def _fail() -> None:
    raise ZeroDivisionError


def _wait(event: threading.Event) -> bool:
    return event.wait(10)
