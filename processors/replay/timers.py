"""Which contacts are due, for logs that hold clock records: a heap, checked when an entry surfaces."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from processors.lifecycle import Contact


class Timers:
    """Does nothing until a clock record comes: most logs hold none."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] | None = None

    def set(self, contact: Contact) -> None:
        """Note when a contact is due."""
        if self._heap is not None and contact.next_due is not None:
            heappush(self._heap, (contact.next_due, contact.id))

    def due(
        self, contacts: Mapping[str, Contact], clock: int, is_ours: Callable[[str], bool] | None = None
    ) -> Iterator[str]:
        """Take out the ids of the contacts due by `clock`, in order of due time and id; of ours only."""
        if self._heap is None:
            ours = (one for one in contacts.values() if is_ours is None or is_ours(one.id))
            self._heap = [(one.next_due, one.id) for one in ours if one.next_due is not None]
            heapify(self._heap)
        while self._heap and self._heap[0][0] <= clock:
            due, contact_id = heappop(self._heap)
            if contacts[contact_id].next_due == due:  # else it is due at another time by now
                yield contact_id
