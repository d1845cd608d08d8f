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
    from processors.replay.summary import Tally


class Refolded:
    """The contacts of an archive that one definition decides about, folded again one at a time."""

    def __init__(self, plan: Plan, archive: Archive, tally: Tally, as_of: int) -> None:
        self._plan, self._tally, self._as_of = plan, tally, as_of
        self._fold = ByContact(plan, archive, anew=True)
        self.again = lru_cache(maxsize=1)(self._again)

    def standing(self) -> int:
        """Count those that are neither part of another one nor erased."""
        return self._tally.contacts

    def find(self, contact_id: str) -> Contact | None:
        """Find one; None for one never seen."""
        contact, _moves = self.again(contact_id)
        return contact if contact.id else None

    def plan_of(self, _contact_id: str) -> Plan:
        """Give the definition."""
        return self._plan

    def _again(self, contact_id: str) -> tuple[Contact, list[Change]]:
        """Fold one; gives it and all its changes."""
        key, changes = contact_id.encode(), list[dict[str, Any]]()
        course = self._fold.fold(key, self._fold.archive.records_of(key), changes.append)
        course.finish(self._as_of)
        return course.contact, changes


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
        _contact, changes = self._again(contact_id)
        moves = (one for one in reversed(changes) if one["record"] == "stage_changed")
        return next((one for one in moves if one["track"] == track), None)
