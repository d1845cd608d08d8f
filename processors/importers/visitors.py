"""Who was it: a visitor id that no one can turn back into an address, and whether it was a person at all."""

from __future__ import annotations

import hmac
import os
import secrets
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from crawlerdetect import CrawlerDetect

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
MAX_AGENT = 1_000  # characters looked at: longer ones are no browsers, and each pattern reads them all


def pseudonym(key: bytes, data: bytes) -> str:
    """Name what holds an address without giving it away: the first 128 bits of its HMAC-SHA256, in hex.

    A plain hash would not do: there are few enough addresses to try them all.
    """
    return hmac.digest(key, data, "sha256").hex()[:32]


def load_key(file: Path) -> bytes:
    """Read the key, making it (readable by its owner alone) when the file does not exist.

    The same key gives the same visitor ids: keep it as long as logs of the same site are imported.
    """
    try:
        _make(file)
        key = bytes.fromhex(file.read_text("ascii").strip())
    except OSError as error:
        raise LifecycleError(
            f"visitor key {file}: {error.strerror}. Name another place with --key-file."
        ) from None
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise LifecycleError(
            f"visitor key {file}: expected {KEY_BYTES * 2} hex digits. Remove it to have one made."
        )
    return key


def _make(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(secrets.token_hex(KEY_BYTES) + "\n")


@lru_cache(maxsize=65_536)  # 400 µs each against 1,400 patterns; a busy site sees some thousand agents a day
def is_bot(agent: str) -> bool:
    """Tell a crawler, feed reader or script by its user agent."""
    return bool(_detector().isCrawler(agent[:MAX_AGENT]))


@cache
def _detector() -> CrawlerDetect:
    return CrawlerDetect()
