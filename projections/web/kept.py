"""What reads many contacts, answered from memory for a while: many open pages then cost as much as one."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Kept:
    """Keeps the answer to the question that was asked last; who asks it meanwhile waits for that answer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._question: Hashable = None
        self._until = 0.0
        self._answer: Any = None

    def answer(self, question: Hashable, find: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever `find` returns
        """Return what is known, or find it."""
        with self._lock:
            if question != self._question or monotonic() >= self._until:
                self._answer = find()
                self._question, self._until = question, monotonic() + self._seconds
            return self._answer
