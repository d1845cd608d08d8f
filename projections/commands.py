"""What a view is made of: plain Redis commands, as data.

Every command must be idempotent (`ZADD`, `ZREM`, `HSET`, `HSETNX`, `HDEL`, `ZREMRANGEBYRANK`; no counters, no
lists): then a change that is applied twice, or half and then again, leaves the view as if it had been applied
once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

Change = Mapping[str, Any]
"""An output record and its name under `record`, as `schemas/avro/*_changed` and `mql_handoff` define it."""


class Key(str):
    """A key in a command, made by `key`: to it, and to nothing else, the store adds the view's name."""

    __slots__ = ()


Command = tuple[str, ...]
Project = Callable[[Change], tuple[Command, ...]]
Ask = Callable[..., list[Any]]
"""Runs commands that only read, in one round trip, and returns their answers in order."""

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def key(*parts: str) -> Key:
    """Join parts into a key that no other parts give: each is percent-encoded, so none can hold the colon."""
    return Key(":".join(map(_quoted, parts)))


@lru_cache(4096)  # a change names its contact in some ten keys
def _quoted(part: str) -> str:
    return quote(part, safe="")


def packed(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a value as JSON, always the same text for the same value: sorted-set members must not differ."""
    return _JSON.encode(value)


def moved(change: Change, members: Callable[[str], Key], member: str) -> Iterator[Command]:
    """Take a member out of the set of where it was, and put it into that of where it is, by time of entry."""
    if change["from"] is not None:
        yield ("ZREM", members(change["from"]), member)
    if change["to"] is not None:
        yield ("ZADD", members(change["to"]), str(change["at"]), member)
