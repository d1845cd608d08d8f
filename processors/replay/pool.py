"""Partitions over processes, with progress; what is finished stays finished when it is interrupted."""

from __future__ import annotations

import os
import signal
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from processors.replay.parts import finished, replay_part
from processors.replay.summary import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from processors.replay.job import Job

    Show = Callable[[int], None]  # records replayed so far

POLL_S = 0.2
FEW = 20_000  # records: replayed in the second or two that another process takes to start
_seen: Any = None  # records read, by partition: shared memory, set in each process of the pool


def processors() -> int:
    """Tell how many processes can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_for(records: int) -> int:
    """Tell how many processes a replay of so many records is worth."""
    return processors() if records > FEW else 1


def replay_parts(job: Job, partitions: Iterable[int], jobs: int, show: Show) -> Tally:
    """Replay the partitions that are not finished yet; gives the tally of all."""
    total, left = Tally(), []
    for partition in partitions:
        tally = finished(job, partition)
        if tally is None:
            left.append(partition)
        else:
            total.add(tally)
    done = total.events
    tallies = (
        _alone(job, left, done, show) if min(jobs, len(left)) < 2 else _pooled(job, left, jobs, done, show)
    )
    for tally in tallies:
        total.add(tally)
    return total


def _alone(job: Job, partitions: list[int], done: int, show: Show) -> list[Tally]:
    tallies: list[Tally] = []
    for partition in partitions:
        tallies.append(replay_part(job, partition, partial(_plus, show, done)))
        done += tallies[-1].events
    return tallies


def _plus(show: Show, before: int, records: int) -> None:
    show(before + records)


def _pooled(job: Job, partitions: list[int], jobs: int, done: int, show: Show) -> list[Tally]:
    context = get_context("spawn")  # a fork would copy threads' locks
    seen = context.Array("q", max(partitions) + 1, lock=False)
    pool = ProcessPoolExecutor(
        min(jobs, len(partitions)), mp_context=context, initializer=_begin, initargs=(seen,)
    )
    futures: list[Future[Tally]] = [pool.submit(_part, job, partition) for partition in partitions]
    try:
        waiting = set(futures)
        while waiting:
            ended, waiting = wait(waiting, POLL_S, FIRST_COMPLETED)
            show(done + sum(seen))
            for future in ended:
                future.result()  # raises what ended the process
    except BaseException:
        _stop(pool)
        raise
    pool.shutdown()
    return [future.result() for future in futures]


def _begin(seen: Any) -> None:  # noqa: ANN401 - ctypes' array of integers
    global _seen  # noqa: PLW0603 - shared memory can only be handed over when a process begins
    _seen = seen
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends this


def _part(job: Job, partition: int) -> Tally:
    def notice(records: int) -> None:
        _seen[partition] = records

    return replay_part(job, partition, notice)


def _stop(pool: ProcessPoolExecutor) -> None:
    workers = list((pool._processes or {}).values())  # noqa: SLF001 - no public way before Python 3.14
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
