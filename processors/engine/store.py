"""Where a partition keeps the state of its contacts: what any store must do, and the one in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Covered(NamedTuple):
    """How much of its changelog a store holds: every committed row before `position`, perhaps later ones.

    `progress`: the value of the newest progress row among them.
    """

    position: int
    progress: bytes | None


class Store(Protocol):
    """Contact key → state. Belongs to one partition; it is only written to after a commit, or by recovery."""

    covered: Covered | None
    """None: nothing is known, recovery begins at the changelog's beginning."""

    def get(self, key: bytes, /) -> bytes | None:
        """Return the state, None for a contact never seen."""

    def apply(self, changes: Mapping[bytes, bytes | None], covered: Covered | None = None) -> None:
        """Take over changes, and what is covered with them, all at once; None deletes."""

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Return every contact with its state, in any order."""

    def clear(self) -> None:
        """Forget everything."""

    def __len__(self) -> int:
        """Return how many contacts there are."""


class MemoryStore:
    """A dictionary. Recovery fills it again from the changelog, so nothing is kept on disk."""

    __slots__ = ("_rows", "covered", "get")

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}
        self.covered: Covered | None = None
        self.get = (
            self._rows.get
        )  # read once per contact and batch: the dictionary's own method is the fastest

    def apply(self, changes: Mapping[bytes, bytes | None], covered: Covered | None = None) -> None:
        """Take over changes, and what is covered with them, all at once; None deletes."""
        self._rows.update(changes)  # type: ignore[arg-type] # the Nones go at once; one C call for all the rest
        if None in changes.values():
            for key in [key for key, state in changes.items() if state is None]:
                del self._rows[key]
        self.covered = covered or self.covered

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Return every contact with its state, in any order."""
        return self._rows.items()

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self.covered = None

    def __len__(self) -> int:
        return len(self._rows)
