"""Where a visit came from: `utm_` parameters of the page first, then the host of the referring page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

SEARCH_ENGINES = frozenset({
    "baidu", "bing", "brave", "daum", "duckduckgo", "ecosia", "google", "kagi", "naver", "qwant", "seznam",
    "sogou", "startpage", "yahoo", "yandex",
})  # fmt: skip
# What their result pages stand under: images.google.de is a search, docs.google.com is not.
SEARCH_HOSTS = frozenset(
    {"search", "images", "encrypted", "m", "r", "html", "lite", "cn", "uk", "fr", "de", "es", "it"}
)
_HOST = re.compile(r"[\w.-]+")
MAX_PARAMETERS = 100  # of a query that is looked through for utm_ parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The attribution part of an event's header. All None: a click within the site, which is no new touch."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None


def origin_of(target: str, referrer: str, own_host: str) -> Origin:
    """Tell the origin of a request for `target` (path and query) from a `referrer` (empty: none given)."""
    tagged = _tagged(target)
    if tagged.source is not None:
        return tagged
    found = _referred(referrer, own_host)
    return Origin(source=found.source, medium=tagged.medium or found.medium, campaign=tagged.campaign)


def host_of(url: str) -> str:
    """Lower-cased host without `www.`; empty where there is none."""
    host = (split(url).hostname or "").removeprefix("www.")
    return host.rstrip(".")


def split(url: str) -> SplitResult:
    """`urlsplit`, with nothing found in what is not a URL."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port  # these raise late
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def _tagged(target: str) -> Origin:
    query = split(target).query
    if "utm_" not in query:
        return Origin()
    try:
        utm = {name: value.strip() for name, value in parse_qsl(query, max_num_fields=MAX_PARAMETERS)}
    except ValueError:
        return Origin()
    return Origin(
        source=utm.get("utm_source") or None,
        medium=utm.get("utm_medium") or None,
        campaign=utm.get("utm_campaign") or None,
    )


def _referred(referrer: str, own_host: str) -> Origin:
    if not referrer:
        return Origin(source="direct", medium="none")
    host = host_of(referrer)
    if not _HOST.fullmatch(host) or host == own_host:
        return Origin()
    engine = _engine(host)
    return Origin(source=engine or host, medium="organic" if engine else "referral")


def _engine(host: str) -> str | None:
    """Name the search engine by the part before its top-level domain: google.co.uk is google."""
    labels = iter(host.split("."))
    first = next((label for label in labels if label not in SEARCH_HOSTS), None)
    return first if first in SEARCH_ENGINES else None
