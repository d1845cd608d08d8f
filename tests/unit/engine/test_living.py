"""Another definition applied to the log: a transfer waits for the partition that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processors.engine.lifecycle import Lifecycle
from processors.engine.living import Living
from processors.lifecycle_files import load_lifecycle
from processors.replay.by_contact import ByContact
from schemas.native import BACKEND
from tests.builders.archives import Topic
from tests.builders.partition_traffic import built_beside
from tests.builders.partitions import Partitions
from tests.builders.story import MONDAY, event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from processors.engine.batch import History

NEW = load_lifecycle("buyers-journey")


class Beside(Partitions):
    """Counts how often all of a contact's records are read again."""

    read_again = 0

    def _history(self, keys: Sequence[bytes]) -> History:
        self.read_again += 1
        return super()._history(keys)


def identified() -> Partitions:
    """A visitor of the second partition turns out to be a contact of the first."""
    worker = Partitions(Lifecycle(load_lifecycle("clarity")), 2)
    ann = next(name for name in map(str, range(99)) if worker.home(name) == 0)
    visitor = next(name for name in (f"anon:{n}" for n in range(99)) if worker.home(name) == 1)
    for number, who in enumerate((visitor, visitor, ann)):
        worker.append(event("page_view", MONDAY, contact_id=who, event_id=f"e{number}", url="/pricing"))
    worker.append(event("contact_identified", MONDAY, contact_id=visitor, event_id="i", into=ann))
    worker.run()
    worker.append(event("page_view", MONDAY, contact_id=ann, event_id="e3", url="/pricing"))
    return worker


def beside(worker: Partitions) -> tuple[Living, Beside]:
    living = Living(NEW, 2)
    found = Beside(living, 2)
    for part, logged in zip(found.parts, worker.parts, strict=True):
        part.records = logged.records
    return living, found


@pytest.mark.parametrize("back_end", ["reference", ""])
def test_a_transfer_waits_for_the_partition_that_it_comes_from(
    back_end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BACKEND, back_end)
    worker = identified()
    living, found = beside(worker)
    living.reached = lambda contact_id: found.parts[found.home(contact_id)].place.offset
    for _ in range(3):
        found.step(0, 10)
    assert found.parts[0].place.offset == 1  # before the transfer
    found.step(1, 2)
    found.step(0, 10)
    assert found.parts[0].place.offset == 1
    found.run()
    assert found.states() == built_beside(worker, NEW, 10)
    assert found.read_again == 0


def test_what_was_passed_on_before_a_crash_is_worked_out_from_the_log() -> None:
    worker = identified()
    _living, found = beside(worker)
    found.step(1, 10)
    found.processor = again = Living(NEW, 2)
    again.reached = lambda contact_id: found.parts[found.home(contact_id)].place.offset
    found.run()
    assert found.states() == built_beside(worker, NEW, 10)
    assert found.read_again > 0


def merged_to_and_fro(times: int) -> Partitions:
    """Two contacts of whom now one, now the other is part of the other, as two systems may sync."""
    worker = Partitions(Lifecycle(load_lifecycle("clarity")), 2)
    number = 0

    def tell(kind: str, who: str, **fields: str) -> None:
        nonlocal number
        number += 1
        worker.append(event(kind, MONDAY + number, contact_id=who, event_id=f"e{number}", **fields))
        worker.run()

    for time in range(times):
        one, other = ("a", "b") if time % 2 else ("b", "a")
        tell("page_view", one, url="/pricing")
        tell("contacts_merged", one, into=other, other=one)
        tell("merge_undone", other, into=other, other=one)
    return worker


def test_contacts_that_were_merged_to_and_fro_are_worked_out_one_transfer_after_the_other(
    tmp_path: Path,
) -> None:
    """Each of them depends on all before: as a recursion that takes twice as long for each, or no end."""
    worker = merged_to_and_fro(40)
    topic = Topic(tmp_path, partitions=2)
    for number, part in enumerate(worker.parts):
        for record in part.records:
            topic.add(record.key or b"", record.value or b"", number)
    archive = topic.archive()
    by_contact = ByContact(NEW, archive, anew=True)
    states = {
        key: by_contact.fold(key, archive.records_of(key), lambda _change: None).state()
        for key in (b"a", b"b")
    }
    assert built_beside(worker, NEW, 1_000) == states
