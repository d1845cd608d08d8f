"""One line of a web server's log in the combined format, which Apache and nginx both write.

    host identity user [17/May/2015:10:05:03 +0000] "GET /page HTTP/1.1" 200 1234 "referrer" "user agent"

The expression is ours and linear: no two of its parts can match the same text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.errors import SchemaError
from schemas.times import to_ms

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    rf"(\S+) \S+ [^\[\"]+ \[([^\]]{{20,32}})\] {_QUOTED} (\d{{3}}) (?:\d+|-) {_QUOTED} {_QUOTED}"
)
_TIME = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request. `at`: ms, UTC. `method` and `target` are empty where the client sent no HTTP request."""

    host: str
    at: int
    method: str
    target: str
    status: int
    referrer: str
    agent: str


def parse_hit(line: bytes) -> Hit:
    r"""Read one line. Bytes that are not UTF-8 are written out as `\xNN`, as the servers do themselves.

    Raises SchemaError when the line is not in the combined format.
    """
    found = _LINE.fullmatch(line.decode(errors="backslashreplace").rstrip("\r\n"))
    if found is None:
        raise SchemaError(
            'not a line of the combined log format (host … [time] "request" status size "referrer" "agent").'
        )
    host, time, request, status, referrer, agent = found.groups()
    method, _, rest = request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not protocol.startswith("HTTP/"):
        method = target = ""
    return Hit(
        host=host,
        at=_milliseconds(time),
        method=method,
        target=target,
        status=int(status),
        referrer="" if referrer == "-" else referrer,
        agent="" if agent == "-" else agent,
    )


def _milliseconds(time: str) -> int:
    """Read `17/May/2015:10:05:03 +0000`; not with strptime, whose month names follow the machine's locale."""
    found = _TIME.fullmatch(time)
    if found is None:
        raise SchemaError(f"time [{time}] cannot be read: expected one like 17/May/2015:10:05:03 +0000.")
    day, month, *clock, sign, hours, minutes = found.groups()
    year, hour, minute, second = map(int, clock)
    try:
        local = datetime(year, _MONTHS.split().index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise SchemaError(f"time [{time}] cannot be read: {error}.") from None
    offset = (int(hours) * 60 + int(minutes)) * 60_000
    return to_ms(local) + (offset if sign == "-" else -offset)
