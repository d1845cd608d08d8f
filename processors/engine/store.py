"""Where a partition keeps the state of its contacts: what any store must do, and the one in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Store(Protocol):
    """Contact key → state. Belongs to one partition; it is only written to after a commit, or by recovery."""

    def get(self, key: bytes, /) -> bytes | None:
        """Return the state, None for a contact never seen."""

    def apply(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Take over changes all at once; None deletes."""

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Return every contact with its state, in any order."""

    def __len__(self) -> int:
        """Return how many contacts there are."""


class MemoryStore:
    """A dictionary. Recovery fills it again from the changelog, so nothing is kept on disk."""

    __slots__ = ("_rows", "get")

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}
        self.get = (
            self._rows.get
        )  # read once per contact and batch: the dictionary's own method is the fastest

    def apply(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Take over changes all at once; None deletes."""
        self._rows.update(changes)  # type: ignore[arg-type] # the Nones go at once; one C call for all the rest
        if None in changes.values():
            for key in [key for key, state in changes.items() if state is None]:
                del self._rows[key]

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Return every contact with its state, in any order."""
        return self._rows.items()

    def __len__(self) -> int:
        return len(self._rows)
