"""The lab over an archive: deals and links are read once, then every variant replays it."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from processors.lab.findings import Findings
from processors.replay.batched import RARE
from processors.replay.by_contact import ByContact
from processors.replay.parts import RECORDS_BETWEEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from processors.archive.folder import Archive
    from processors.lab.outcome import Calls
    from processors.lab.variants import Variant
    from processors.replay.by_contact import Event


def take_changes(calls: Calls, path: Path) -> None:
    """Take a variant's changes from a file, and leave what counts: an interrupted lab goes on from that.

    All of them would be some kB a contact, and there may be a hundred variants.
    """
    fresh = path.with_suffix(".new")
    with path.open("rb") as file, fresh.open("wb") as kept:
        kept.writelines(line for line in file if calls.note(json.loads(line)))
    fresh.replace(path)


class ArchivedFindings(Findings):
    """Made in two steps: `survey`, then each variant's changes into its `calls`."""

    def __init__(self, variants: Sequence[Variant], stage: str, archive: Archive) -> None:
        super().__init__(variants, stage, cache(self._folded))
        self._archive = archive
        self._fold = ByContact(variants[0].plan, archive, anew=True)
        self._linked: set[str] = set()  # who may be part of another contact

    def survey(self, seen: Callable[[int], None]) -> None:
        """Read what is the same under every variant: the log's span, its wins, who may be part of whom."""
        for partition in self._archive.manifests:
            for record in self._archive.records(partition):
                self.events += 1
                event = self._fold.read(record)
                if event is not None:
                    self._note(event)
                if self.events % RECORDS_BETWEEN == 0:
                    seen(self.events)
        self.refused, self.last = self._fold.refused, self._fold.last_time

    def _note(self, event: Event) -> None:
        self.first = min(self.first or event["occurred_at"], event["occurred_at"])
        self.wins.note(event)
        if event["type"] in RARE and event["contact_id"] is not None:
            self._linked.add(event["contact_id"])

    def _folded(self, contact_id: str) -> str | None:
        if contact_id not in self._linked:
            return None
        key = contact_id.encode()
        records = self._archive.records_of(key)
        return self._fold.fold(key, records, lambda _change: None).contact.forward_to
