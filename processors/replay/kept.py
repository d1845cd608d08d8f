"""What is kept of a partition's contacts while they are replayed: counts, and the files that are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from processors.replay.job import pack_state, state_line
from processors.replay.replay import OUTPUTS
from processors.replay.summary import Summary

if TYPE_CHECKING:
    from typing import BinaryIO

    from processors.replay.course import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`changes`, `states` (lines of JSON) and `packed` states: open files, None where one is not wanted."""

    changes: BinaryIO | None
    states: BinaryIO | None
    packed: BinaryIO | None
    summary: Summary = field(default_factory=Summary)

    def take(self, change: dict[str, Any]) -> None:
        """Take a change of the contact that is folded now."""
        if change["record"] in OUTPUTS:
            line = self.summary.add(change)
            if self.changes is not None:
                self.changes.write(line)

    def finish(self, key: bytes, course: Course, as_of: int | None) -> None:
        """Take where a contact came to, its clock advanced to `as_of` (ms, UTC) if there is one."""
        if as_of is not None:
            course.finish(as_of)
        self.summary.settle()
        course.note(self.summary.tally)
        if self.states is not None and course.contact.id:
            self.states.write(state_line(course.plan, course.state()))
        if self.packed is not None and course.contact.id:
            self.packed.write(pack_state(key, course.state()))
