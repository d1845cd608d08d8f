"""The live page as its users run it, `stageline web` in a process of its own; questions to it over HTTP."""

from __future__ import annotations

import http.client
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

TELLING = (
    "/api/funnel", "/api/changes", "/api/handoffs", "/api/handoffs/figures", "/api/segments", "/api/contacts",
    "/api/companies", "/api/sources",
)  # fmt: skip
"""Addresses that tell of all contacts or companies."""
STAGELINE = Path(sys.executable).with_name("stageline")


@contextmanager
def serving(redis_url: str, *options: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Give the page's address and its process, and end it."""
    process = subprocess.Popen(
        [STAGELINE, "web", "--port", "0", *options],
        env={"REDIS_URL": redis_url, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


class Answer(NamedTuple):
    """`headers` by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: str


def ask(page: str, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
    """Ask for a path; an underscore in a header's name stands for a hyphen."""
    connection = http.client.HTTPConnection(urlsplit(page).netloc, timeout=60)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, found, answer.read().decode())
