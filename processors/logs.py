"""The log of a long-running command: one line per happening on stderr, without personal data.

`time=… level=… logger=… what happened key=value …`. Our own messages name topics, partitions, offsets and
counts. What libraries say is cut to what cannot quote an event: the text of an exception may, so only its
type and the places it passed are told.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

from processors.visible import visible

if TYPE_CHECKING:
    from types import TracebackType

OURS = ("processors", "projections", "schemas", "stageline")
# They report each rebalance, late timer and lost connection as news; what matters of it we log ourselves.
NOISY = ("aiokafka", "mode", "faust", "kafka", "asyncio", "aiohttp", "uvicorn")
CONNECTING = "kafka.net"  # tells each try as an error; ours says, ever less often, who does not answer


def hush_clients() -> None:
    """Let Kafka's clients write no lines of their own: for commands that end, whose refusal is one line."""
    for name in ("aiokafka", "kafka"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def log_to_stderr() -> None:
    """Set the log of this process up; also for errors that nobody catches."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger(CONNECTING).setLevel(logging.CRITICAL)
    sys.excepthook = _tell_uncaught


def told(error: BaseException) -> str:
    """Return an error's type and the places it passed, the innermost first."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    places = "<".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
    return f"error={type(error).__qualname__} at={places or 'nowhere'}"


class Line(logging.Formatter):
    """Formats a record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        start = f"time={moment}.{int(record.msecs):03}Z level={record.levelname.lower()} logger={record.name}"
        error = record.exc_info[1] if record.exc_info else None
        return " ".join([start, visible(_message(record)), *([told(error)] if error else [])])


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    # A library's message may end with a dump of what it worked on, and have exceptions in its arguments.
    record.args = _without_errors(record.args)
    return record.getMessage().partition("\n")[0]


def _without_errors(args: Any) -> Any:  # noqa: ANN401 - whatever a library passes
    if isinstance(args, tuple):
        return tuple(type(arg).__qualname__ if isinstance(arg, BaseException) else arg for arg in args)
    return args


def _tell_uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("unexpected error, ending %s", told(error))
