from __future__ import annotations

import threading

import pytest

from processors import topic_admin
from schemas.errors import LifecycleError


def test_asking_a_broker_that_is_away_leaves_no_thread_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_admin, "ANSWER_MS", 200)
    before = threading.active_count()
    for _ in range(3):
        with pytest.raises(LifecycleError), topic_admin.administering("127.0.0.1:1"):
            pass
    assert threading.active_count() == before
