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
AGAIN_S = 60  # until a library may say the same again; aiokafka says it 30 times a second without a broker
MOST_KNOWN = 1_000  # messages; some name an offset or a number of a request
CONNECTING = "kafka.net"  # tells each try as an error; ours says, ever less often, who does not answer


def hush_clients() -> None:
    """Let Kafka's clients write no lines of their own: for commands that end, whose refusal is one line."""
    for name in ("aiokafka", "kafka"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def log_to_stderr() -> None:
    """Set the log of this process up; also for errors that nobody catches."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    handler.addFilter(Repeats())
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


class Repeats(logging.Filter):
    """Lets what a library says over and over pass once a minute, with how often it was said meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[object, ...], tuple[float, int]] = {}  # when, and how often since

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write it; notes in `repeats` how many like it were not."""
        if _is_ours(record):
            return True
        said = record.name, _message(record), record.exc_info and record.exc_info[0]
        told_at, repeats = self._told.get(said, (-AGAIN_S, 0))
        if record.created < told_at + AGAIN_S:
            self._told[said] = told_at, repeats + 1
            return False
        if len(self._told) >= MOST_KNOWN:
            self._told.clear()
        self._told[said] = record.created, 0
        record.repeats = repeats
        return True


class Line(logging.Formatter):
    """Formats a record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        start = f"time={moment}.{int(record.msecs):03}Z level={record.levelname.lower()} logger={record.name}"
        error = record.exc_info[1] if record.exc_info else None
        repeats = getattr(record, "repeats", 0)
        parts = [start, visible(_message(record)), told(error) if error else ""]
        return " ".join(filter(None, [*parts, f"(said {repeats} times more since)" if repeats else ""]))


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OURS


def _message(record: logging.LogRecord) -> str:
    if _is_ours(record):
        return record.getMessage()
    # A library's message may end with a dump of what it worked on, and have exceptions in its arguments.
    record.args = _without_errors(record.args)
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - its words and arguments do not fit: that must not fail whoever logs
        message = str(record.msg)
    return message.partition("\n")[0]


def _without_errors(args: Any) -> Any:  # noqa: ANN401 - whatever a library passes
    if isinstance(args, tuple):
        return tuple(type(arg).__qualname__ if isinstance(arg, BaseException) else arg for arg in args)
    return args


def _tell_uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("unexpected error, ending %s", told(error))
