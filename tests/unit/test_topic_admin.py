from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, NoReturn

import pytest
from kafka.errors import NodeNotReadyError, UnknownBrokerIdError
from tenacity import stop_after_attempt

from processors import topic_admin
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.parametrize(
    "ask", [topic_admin.ensure_topics, lambda bootstrap: topic_admin.partition_count(bootstrap, "engagement")]
)
def test_brokers_that_do_not_get_ready_are_a_refusal(
    ask: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_ready(*_: object) -> NoReturn:
        raise NodeNotReadyError("controller")

    monkeypatch.setattr(topic_admin, "administering", lambda _bootstrap: nullcontext())
    monkeypatch.setattr(topic_admin, "describe", not_ready)
    monkeypatch.setattr(vars(topic_admin._when_ready)["retry"], "stop", stop_after_attempt(1))
    with pytest.raises(LifecycleError, match=r"No Kafka broker answers at here \(NodeNotReadyError\)"):
        ask("here")
