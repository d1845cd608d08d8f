"""The end of the process: anything unexpected stops it before a commit, and a supervisor starts it again."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from processors.logs import told
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from aiokafka import TopicPartition

EXIT_REFUSED = 1
EXIT_UNEXPECTED = 70  # EX_SOFTWARE

log = logging.getLogger(__name__)


def end_process(
    error: BaseException, place: TopicPartition | None = None, offset: int | None = None
) -> NoReturn:
    """Say what happened and where, and end at once: an open transaction is left to the next owner's fencing.

    An exception's text may quote an event and so hold personal data: only its type and place are logged.
    """
    if isinstance(error, LifecycleError):
        sys.stderr.write(f"{error}\n")
        code = EXIT_REFUSED
    else:
        topic, partition = place or (None, None)
        log.critical(
            "unexpected error, ending topic=%s partition=%s offset=%s %s",
            topic,
            partition,
            offset,
            told(error),
        )
        code = EXIT_UNEXPECTED
    logging.shutdown()
    os._exit(code)
