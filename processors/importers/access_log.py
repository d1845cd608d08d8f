"""A web server's log as engagement: what people read and downloaded, one event per request worth counting.

Every event id is a keyed hash of its line, so that importing a log twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processors.feeds.items import Item, Refused, Row, Skipped
from processors.importers.combined_log import parse_hit
from processors.importers.path_rules import NO_RULES, PathRules, Rule
from processors.importers.referrers import origin_of, split
from processors.importers.visitors import is_bot, pseudonym
from schemas.errors import SchemaError
from schemas.ndjson import event_of
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.feeds.lines import Line
    from processors.importers.combined_log import Hit
    from schemas.events import Event

# 304: the page was read again, from the browser's cache. 206 is a later piece of a file that began with 200.
SEEN = (200, 304)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What an import is told. `url` goes before each path and tells referrers within the site (may be empty).

    `key` makes visitor ids. `shift_ms` is added to every time.
    """

    key: bytes
    url: str = ""
    host: str = ""
    rules: PathRules = NO_RULES
    shift_ms: int = 0


def read_log(lines: Iterable[Line], site: Site) -> Iterator[Item]:
    """Turn each line into an event, a refusal or a reason to skip it."""
    seen: Counter[str] = Counter()
    for line in lines:
        try:
            hit = parse_hit(line.content())
            verdict = judge(hit, site.rules)
            if isinstance(verdict, str):
                yield Skipped(line=line.number, reason=verdict)
                continue
            event_id = _event_id(line.data, seen, site.key)
            yield Row(line=line.number, event=_event(hit, verdict, event_id, site), original=line.data)
        except SchemaError as error:
            yield Refused(line=line.number, reason=str(error), original=line.data)


def newest(lines: Iterable[Line]) -> int | None:
    """Find the latest time in a log (ms, UTC), in any order of lines; None when none can be read."""
    latest = None
    for line in lines:
        try:
            at = parse_hit(line.content()).at
        except SchemaError:
            continue  # read_log refuses it, with its bytes
        latest = at if latest is None else max(latest, at)
    return latest


def judge(hit: Hit, rules: PathRules) -> Rule | str:
    """Tell what a request was by a rule, or why it is no engagement."""
    if hit.method != "GET":
        return "not a GET request"
    if hit.status not in SEEN:
        return f"status {hit.status // 100}xx" if hit.status != 206 else "piece of a file (206)"
    if not hit.agent:
        return "no user agent"
    if is_bot(hit.agent):
        return "bot"
    parts = split(hit.target)
    if parts.path in {"/robots.txt", "/favicon.ico"}:
        return "asset"
    return rules.verdict(parts.path or "/", parts.query)


def _event_id(data: bytes, seen: Counter[str], key: bytes) -> str:
    """Hash the line; a line that stands in the log twice was two requests, so its occurrence counts too.

    `seen` grows by about 150 bytes for each event of one import.
    """
    digest = pseudonym(key, data.rstrip(b"\r\n"))
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _event(hit: Hit, rule: Rule, event_id: str, site: Site) -> Event:
    origin = origin_of(hit.target, hit.referrer, site.host)
    row = {
        "type": rule.as_,
        "event_id": event_id,
        "anonymous_id": pseudonym(site.key, f"{hit.host}\n{hit.agent}".encode()),
        "occurred_at": hit.at + site.shift_ms,
        "source": origin.source,
        "medium": origin.medium,
        "campaign": origin.campaign,
        **_fields(hit.target, rule, site.url),
    }
    return validate(event_of(row))


def _fields(target: str, rule: Rule, base: str) -> dict[str, Any]:
    path = split(target).path or "/"
    if rule.as_ == "asset_download":
        return {"asset": rule.asset or path, "buying_stage": rule.buying_stage, "gated": rule.gated}
    if rule.as_ == "content_view":
        return {"content": rule.asset or path, "kind": rule.kind, "buying_stage": rule.buying_stage}
    return {"url": base + target}
