"""The rejects file: each refused line with its number, the reason and its own bytes, as lines of JSON.

`original` is the text of the line; where it is not UTF-8, `original_base64` holds its bytes instead.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, BinaryIO

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

    from processors.feeds.items import Refused


class Rejects:
    """Opened by the first refusal: without one there is no file. `append` goes on with an earlier one."""

    def __init__(self, file: Path, *, append: bool = False) -> None:
        self.file = file
        self._mode = "ab" if append else "wb"
        self._out: BinaryIO | None = None

    def write(self, refused: Refused) -> None:
        """Keep one refused line."""
        if self._out is None:
            self._out = self._open()
        self._out.write(row_of(refused) + b"\n")

    def close(self) -> None:
        """Finish the file, if there is one."""
        if self._out is not None:
            self._out.close()

    def _open(self) -> BinaryIO:
        try:
            return self.file.open(self._mode)  # type: ignore[return-value] # both modes are binary
        except OSError as error:
            raise LifecycleError(
                f"rejects file {self.file}: {error.strerror}. Name another place with --rejects."
            ) from None


def row_of(refused: Refused) -> bytes:
    """Return the line of the rejects file."""
    row = {"line": refused.line, "reason": refused.reason, **_original(refused.original)}
    return json.dumps(row, ensure_ascii=False).encode()


def _original(data: bytes) -> dict[str, str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"original_base64": b64encode(data).decode()}
    # The line's end, and nothing more: further carriage returns are what was wrong with it.
    return {"original": text[:-1].removesuffix("\r") if text.endswith("\n") else text}
