from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.epochs import HEAD, MARKER, MARKER_AT, UNCOUNTED, written_by_zombies

if TYPE_CHECKING:
    from pathlib import Path

DATA, COMMIT, ABORT = range(3)
FENCED = [(7, 0, DATA), (7, 0, ABORT), (7, 1, DATA), (7, 1, COMMIT)]


def test_what_was_aborted_or_written_in_turn_is_not_a_zombies(tmp_path: Path) -> None:
    assert _zombies(tmp_path, [*FENCED, (8, 0, DATA), (8, 0, COMMIT), (7, 2, DATA), (7, 2, COMMIT)]) == 0
    assert _zombies(tmp_path, [*FENCED, (7, 0, DATA), (7, 0, ABORT)]) == 0


def test_records_committed_after_the_fencing_are_counted(tmp_path: Path) -> None:
    assert _zombies(tmp_path, [*FENCED, (7, 0, DATA), (7, 0, DATA), (7, 0, COMMIT)]) == 20
    assert _zombies(tmp_path, [*FENCED, (7, 0, COMMIT)]) == 1


def _zombies(tmp_path: Path, batches: list[tuple[int, int, int]]) -> int:
    folder = tmp_path / "topic-0"
    folder.mkdir(exist_ok=True)
    (folder / "0.log").write_bytes(b"".join(_batch(*one) for one in batches))
    return written_by_zombies(tmp_path, frozenset({"topic"}))


def _batch(producer: int, epoch: int, kind: int) -> bytes:
    size = MARKER_AT + MARKER.size
    attributes = 0x10 if kind == DATA else 0x30
    head = HEAD.pack(0, size - UNCOUNTED, 0, 2, 0, attributes, 0, 0, 0, producer, epoch, 0, 10)
    return head + bytes(MARKER_AT - HEAD.size) + MARKER.pack(int(kind == COMMIT))
