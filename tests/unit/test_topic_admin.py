from __future__ import annotations

import threading
from contextlib import nullcontext

import pytest
from kafka.errors import NodeNotReadyError, UnknownBrokerIdError

from processors import topic_admin
from schemas.errors import LifecycleError


def test_asking_a_broker_that_is_away_leaves_no_thread_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_admin, "ANSWER_MS", 200)
    before = set(threading.enumerate())
    for _ in range(3):
        with pytest.raises(LifecycleError), topic_admin.administering("127.0.0.1:1"):
            pass
    assert not set(threading.enumerate()) - before


def test_topics_are_made_when_the_brokers_can_and_a_refusal_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[Exception | list[str]] = []

    def create_missing(*_: object) -> list[str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(topic_admin, "administering", lambda _bootstrap: nullcontext())
    monkeypatch.setattr(topic_admin, "create_missing", create_missing)
    monkeypatch.setattr(topic_admin, "find_problems", lambda _admin: [])
    answers += [NodeNotReadyError("controller"), UnknownBrokerIdError("1"), ["engagement"]]
    assert topic_admin.ensure_topics("here") == ["engagement"]
    answers += [LifecycleError("this user may not create topics"), ["engagement"]]
    with pytest.raises(LifecycleError, match="may not create topics"):
        topic_admin.ensure_topics("here")
