"""What the log tells, and what it keeps to itself."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from processors.logs import AGAIN_S, MOST_KNOWN, Line, Repeats, told

CANARY = "ada@canary.example"


def line(name: str, message: str, *args: object, error: BaseException | None = None) -> str:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, info)
    record.created, record.msecs = 1_772_357_400.25, 250
    return Line().format(record)


def raised() -> BaseException:
    empty: dict[str, str] = {}
    with pytest.raises(KeyError) as caught:
        empty.pop(CANARY)
    return caught.value


def test_a_happening_is_one_line_of_keys_and_values_in_utc() -> None:
    assert line("processors.engine.member", "open topic=%s partition=%d", "contact-events", 3) == (
        "time=2026-03-01T09:30:00.250Z level=warning logger=processors.engine.member"
        " open topic=contact-events partition=3"
    )


def test_of_an_exception_only_its_type_and_places_are_told() -> None:
    text = line("processors.engine", "it broke", error=raised())
    assert "it broke error=KeyError at=" in text
    assert "test_logs.py:" in text
    assert CANARY not in text


@pytest.mark.parametrize("name", ["mode.services", "aiokafka.consumer", "asyncio"])
def test_what_a_library_says_cannot_quote_an_event(name: str) -> None:
    assert CANARY not in line(name, "crashed reason=%r", raised())
    assert CANARY not in line(name, f"task was never awaited\nfuture: <Task exception=KeyError('{CANARY}')>")


def test_a_message_cannot_forge_another_line_or_steer_a_terminal() -> None:
    text = line("processors.x", "left out: %s", "a\nlevel=critical\x1b[2J")
    assert text.endswith(r"left out: a\nlevel=critical\x1b[2J")


def test_an_error_that_nobody_catches_is_told_in_the_same_way() -> None:
    code = f"from processors.logs import log_to_stderr; log_to_stderr(); {{}}['{CANARY}']"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, CANARY in done.stderr) == (1, False)
    assert (
        "level=critical logger=processors.logs unexpected error, ending error=KeyError at=<string>:1"
        in done.stderr
    )


def test_an_error_in_a_task_that_nobody_waits_for_is_told_in_the_same_way() -> None:
    code = f"""
import asyncio, gc
from processors.logs import log_to_stderr
log_to_stderr()
async def fail(): raise KeyError('{CANARY}')
async def main():
    asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, CANARY in done.stderr) == (0, False)
    assert "logger=asyncio Task exception was never retrieved error=KeyError" in done.stderr


def test_an_error_that_was_not_raised_has_no_places() -> None:
    assert told(ValueError(CANARY)) == "error=ValueError at=nowhere"


def test_attempts_to_connect_are_not_news_and_other_errors_of_libraries_are() -> None:
    code = """
import logging
from processors.logs import log_to_stderr
log_to_stderr()
logging.getLogger("kafka.net.manager").error("Connection failed")
logging.getLogger("kafka.consumer").error("fetch refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert line.endswith("level=error logger=kafka.consumer fetch refused")


def said(
    at: float, message: str, name: str = "aiokafka", error: BaseException | None = None
) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, None, info)
    record.created = at
    return record


def test_what_a_library_says_over_and_over_is_written_once_a_minute_with_how_often() -> None:
    repeats, lines = Repeats(), []
    for tenth in range(AGAIN_S * 20 + 1):  # two minutes of an outage
        record = said(tenth / 10, "Unable connect to node with id 1")
        if repeats.filter(record):
            lines.append(Line().format(record).partition("logger=aiokafka ")[2])
    again = f"Unable connect to node with id 1 (said {AGAIN_S * 10 - 1} times more since)"
    assert lines == ["Unable connect to node with id 1", again, again]


def test_what_differs_is_written_at_once_and_so_is_whatever_we_say_ourselves() -> None:
    repeats = Repeats()
    for record in (
        said(0, "Unable connect to node with id 1"),
        said(0, "Unable connect to node with id 2"),
        said(0, "Unable connect to node with id 1", name="aiokafka.cluster"),
        said(0, "it broke", error=KeyError("a")),
        said(0, "it broke", error=ValueError("a")),
        *(said(0, "progress", name="processors.engine.member") for _ in range(2)),
    ):
        assert repeats.filter(record)


def test_a_library_that_words_its_message_wrongly_is_heard_and_does_not_fail_for_it() -> None:
    code = """
import logging
from processors.logs import log_to_stderr
log_to_stderr()
logging.getLogger("aiokafka.consumer").error("%d of %s are gone", "ada@canary.example")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, CANARY in done.stderr) == (0, False)
    (line,) = done.stderr.splitlines()
    assert line.endswith("logger=aiokafka.consumer %d of %s are gone")


def test_messages_without_end_take_no_memory_without_end() -> None:
    repeats = Repeats()
    for number in range(3 * MOST_KNOWN):
        assert repeats.filter(said(0, f"offset {number}"))
    assert len(vars(repeats)["_told"]) <= MOST_KNOWN
