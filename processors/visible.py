"""What strangers wrote, made safe to look at: a terminal obeys control characters."""

from __future__ import annotations


def visible(text: str) -> str:
    """Write what does not print (escape sequences, direction marks, lone surrogates) as its escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def visible_bytes(raw: bytes, limit: int) -> str:
    """Return the first `limit` bytes, as text or else as a hex dump, and how many more there are."""
    shown = raw[:limit]
    try:
        text = shown.decode()
    except UnicodeDecodeError:
        text = _dump(shown)
    else:
        text = "\n".join(visible(line) for line in text.split("\n"))
    more = len(raw) - limit
    return f"{text}\n… and {more:,} bytes more" if more > 0 else text


def _dump(raw: bytes) -> str:
    rows = (raw[start : start + 16] for start in range(0, len(raw), 16))
    return "\n".join(f"{16 * n:08x}  {row.hex(' '):47}  {_ascii(row)}" for n, row in enumerate(rows))


def _ascii(row: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
