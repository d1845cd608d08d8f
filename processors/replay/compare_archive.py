"""What a lifecycle made of an archive, as one side of a comparison.

Of each move only what is compared is kept; whoever is asked about is folded again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from processors.replay.by_contact import ByContact
from processors.replay.compared import Side

if TYPE_CHECKING:
    from processors.archive.folder import Archive
    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan
    from processors.replay.compared import Change, Where
    from processors.replay.course import Course
    from processors.replay.job import Job
    from processors.replay.summary import Tally


class Refolded:
    """The contacts of an archive, folded again one at a time, as a job has folded them all up to `as_of`."""

    def __init__(self, job: Job, archive: Archive, tally: Tally, as_of: int) -> None:
        self._tally, self._as_of = tally, as_of
        self._fold = ByContact(job.plan, archive, anew=job.anew)
        self.again = lru_cache(maxsize=1)(self._again)

    def standing(self) -> int:
        """Count those that are neither part of another one nor erased."""
        return self._tally.contacts

    def find(self, contact_id: str) -> Contact | None:
        """Find one; None for one never seen."""
        course, _changes = self.again(contact_id)
        return course.contact if course.contact.id else None

    def plan_of(self, contact_id: str) -> Plan:
        """Give the definition that decides about one in the end."""
        course, _changes = self.again(contact_id)
        return course.plan

    def _again(self, contact_id: str) -> tuple[Course, list[Change]]:
        """Fold one; gives all its changes, too."""
        key, changes = contact_id.encode(), list[dict[str, Any]]()
        course = self._fold.fold(key, self._fold.archive.records_of(key), changes.append)
        course.finish(self._as_of)
        return course, changes


class ArchivedSide(Side):
    """What one lifecycle made of an archive."""

    def __init__(self, contacts: Refolded) -> None:
        super().__init__(contacts=contacts)
        self._again = contacts.again
        self._causes: dict[str, Change] = {}  # one for all that a rule has moved

    def note(self, change: Change) -> None:
        """Take one change."""
        if change["record"] == "stage_changed":
            rule = change["cause"]["criterion"]
            cause = self._causes.setdefault(rule, {"criterion": rule})
            where = change["contact_id"], change["track"]
            self.ends[where] = {"to": change["to"], "at": change["at"], "cause": cause}
        else:
            super().note(change)

    def last_move(self, where: Where) -> Change | None:
        """Give what brought a contact to where it ended; None if nothing did."""
        contact_id, track = where
        _course, changes = self._again(contact_id)
        moves = (one for one in reversed(changes) if one["record"] == "stage_changed")
        return next((one for one in moves if one["track"] == track), None)
