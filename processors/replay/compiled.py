"""A partition replayed by the compiled back-end, and by the reference where that has to be asked."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from processors.backend import compiled
from processors.lifecycle import load
from processors.replay.job import part_file, read_packed, state_line
from processors.replay.kept import Kept
from processors.replay.replay import OUTPUTS
from processors.replay.summary import NOWHERE, Tally, counted, line_of
from schemas.archived import MAX_UNPACKED, Archived, header
from schemas.errors import LifecycleError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from processors.replay.by_contact import ByContact
    from processors.replay.course import Takeover
    from processors.replay.job import Job

    Change = dict[str, Any]
    Told = tuple[int, bytes, tuple[str, str | None, str | None] | None]
    """Which of RECORDS, its line, and the move from a stage to another."""

RECORDS = (  # in the order of the compiled back-end
    "stage_changed",
    "segment_changed",
    "mql_handoff",
    "membership_changed",
)


def replay_compiled(job: Job, fold: ByContact, partition: int, seen: Callable[[int], None]) -> Tally | None:
    """Replay a partition; None where there is no compiled back-end.

    Single events of rare types, and whole contacts where it has to be, are done by the reference.
    """
    clocks, takeovers = fold.marks(partition)
    plan, *others = [compiled(one) for one in (job.plan, *(plan for _, plan in takeovers))]
    if plan is None or None in others:
        return None
    offsets, times = clocks.pairs()
    asked = {
        "paths": [str(path) for path in fold.archive.paths(partition)],
        "header": header(),
        "block_bytes": MAX_UNPACKED,
        "clock_offsets": offsets,
        "clock_times": times,
        "as_of": job.as_of,
        "anew": job.anew,
        "changes": str(part_file(job, partition, "changes")) if job.changes else None,
        "states": str(part_file(job, partition, "packed")) if job.states or job.packed else None,
        "barriers": [
            (barrier.position, barrier.at, barrier.in_place, other)
            for (barrier, _), other in zip(takeovers, others, strict=True)
        ],
    }
    try:
        found = plan.replay(asked, _Rare(fold, takeovers), seen)
    except ValueError as error:
        raise SchemaError(f"{error}.") from None
    except OSError as error:  # it tells neither the number of the error nor the file
        if error.errno is not None:
            raise
        raise LifecycleError(f"{job.work}: {error}. Mend that; --resume keeps what is finished.") from error
    tally = _tally(found)
    fold.events = fold.refused = fold.last_time = 0  # what the rare events counted is counted already
    fold.count(fold.archive.keyless(partition))
    tally.add(_left(job, fold, partition, found["left"]))
    return tally


class _Rare:
    """Applies one event as the reference does, to a state in between.

    Generation 0 goes by the plan of the start, each next one by that of the next takeover.
    """

    def __init__(self, fold: ByContact, takeovers: Sequence[Takeover]) -> None:
        self._fold = fold
        self._plans = fold.plan, *(plan for _, plan in takeovers)

    def __call__(
        self,
        generation: int,
        lived: bool,  # noqa: FBT001 - by position
        key: bytes,
        state: bytes,
        offset: int,
        value: bytes,
    ) -> tuple[bytes, int, list[Told]]:
        """Give the next state, how many events were refused, and each output.

        `lived`: as if the generation's plan had decided from the start.
        """
        told: list[Told] = []

        def take(change: Change) -> None:
            if change["record"] in OUTPUTS:
                moved = change["record"] == RECORDS[0]
                move = (change["track"], change["from"], change["to"]) if moved else None
                told.append((RECORDS.index(change["record"]), line_of(change), move))

        plan = self._plans[generation]
        fold = self._fold.anew_under(plan) if lived else self._fold
        event = fold.read(Archived(key, offset, value))
        if event is None:
            raise ValueError(f"offset {offset} was read once and cannot be read again")
        course = fold.course(key, take)
        course.plan, course.contact = plan, load(plan, state)
        course.apply(event)
        return course.state(), course.refused, told


def _tally(found: dict[str, Any]) -> Tally:
    tally = Tally(
        events=found["events"],
        contacts=found["contacts"],
        not_applied=found["not_applied"],
        last_time=found["last_time"],
        digest=int.from_bytes(found["digest"], "big"),
        changes=Counter(
            {name: count for name, count in zip(RECORDS, found["records"], strict=True) if count}
        ),
    )
    for track, start, end, count in found["moves"]:
        start, end = start or NOWHERE, end or NOWHERE  # noqa: PLW2901 - as they are written
        tally.moves[f"{start}→{end}"] += count
        stages = tally.stages.setdefault(track, Counter())
        stages[start] -= count
        stages[end] += count
    for company, rank, stage, count in found["companies"]:
        tally.companies.setdefault(company, Counter())[counted(rank, stage)] += count
    return tally


def _left(job: Job, fold: ByContact, partition: int, left: list[bytes]) -> Tally:
    """Do the contacts that the compiled back-end could not, behind those that it could."""
    with ExitStack() as stack:
        changes = _more(stack, part_file(job, partition, "changes") if job.changes else None)
        states = _more(stack, part_file(job, partition, "states") if job.states else None)
        packed = part_file(job, partition, "packed")
        if states is not None:
            _, takeovers = fold.marks(partition)
            last = takeovers[-1].plan if takeovers else fold.plan
            states.truncate(0)  # of a run that was interrupted
            states.writelines(state_line(last, state) for _key, state in read_packed(packed))
            if not job.packed:
                packed.unlink()
        more = _more(stack, packed if job.packed else None)
        kept = Kept(changes=changes, states=states, packed=more)
        for key in left:
            kept.finish(key, fold.fold(key, fold.archive.records_of(key), kept.take), job.as_of)
    tally = kept.summary.tally
    fold.note(tally)
    return tally


def _more(stack: ExitStack, path: Path | None) -> BinaryIO | None:
    return None if path is None else stack.enter_context(path.open("ab"))
