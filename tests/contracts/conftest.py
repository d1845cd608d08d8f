from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from projections.store import View, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def new_view(redis_url: str) -> Iterator[Callable[[], View]]:
    """Make empty views, removed after the test."""
    client = connect(redis_url)
    made: list[View] = []

    def new() -> View:
        made.append(View(client, f"test-{uuid4().hex[:8]}"))
        return made[-1]

    yield new
    for view in made:
        view.remove()
    client.close()


@pytest.fixture
def view(new_view: Callable[[], View]) -> View:
    return new_view()
