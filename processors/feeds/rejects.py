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
        row = {"line": refused.line, "reason": refused.reason, **_original(refused.original)}
        self._out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")

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


def _original(data: bytes) -> dict[str, str]:
    try:
        return {"original": data.decode().rstrip("\r\n")}
    except UnicodeDecodeError:
        return {"original_base64": b64encode(data).decode()}
