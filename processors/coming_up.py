"""Asking again while brokers come up: they answer before they know who leads and who coordinates what."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from kafka.errors import RetriableError, UnknownBrokerIdError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from schemas.errors import NoBrokerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

P = ParamSpec("P")
R = TypeVar("R")

ASK_AGAIN_S = 0.1
PATIENCE_S = 60.0  # a busy machine takes seconds for a connection alone
SAY_EVERY, SAY_FIRST = 50, 10  # tries: some 5 s, and 1 s
NOT_READY = (RetriableError, UnknownBrokerIdError)  # what brokers answer, or kafka-python finds out
log = logging.getLogger(__name__)


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    if state.attempt_number % SAY_EVERY == SAY_FIRST:
        log.warning("waiting for Kafka to come up (%s)", type(error).__name__)


def again_while(*errors: type[Exception]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate what is asked again while it ends with one of these errors; the last one is raised."""
    return retry(
        retry=retry_if_exception_type(errors),
        wait=wait_fixed(ASK_AGAIN_S),
        stop=stop_after_delay(PATIENCE_S),
        before_sleep=_say,
        reraise=True,
    )


while_not_ready = again_while(*NOT_READY)
while_coming_up = again_while(*NOT_READY, NoBrokerError)
