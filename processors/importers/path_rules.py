"""What a request for a path was: a page view, a download, content, or nothing to count.

The first rule of the rules file whose `path` matches decides; where none does, the ending of the file name.
In `path`, `*` stays within one folder and `**` is any number of folders, as in lifecycle files: `/files/**`
is `/files` too.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from processors.importers.yaml_file import Part, load_model

if TYPE_CHECKING:
    from pathlib import Path

PAGES = frozenset({"htm", "html", "xhtml", "shtml", "php", "asp", "aspx", "jsp", "cgi", "md"})
DOWNLOADS = frozenset({
    "pdf", "epub", "mobi", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "key", "csv",
    "zip", "gz", "tgz", "bz2", "xz", "7z", "rar", "tar", "jar", "war",
    "exe", "msi", "dmg", "pkg", "deb", "rpm", "apk", "iso",
})  # fmt: skip
FEEDS = frozenset({"rss", "atom", "rdf"})
_ENDING = re.compile(r"\.([A-Za-z][A-Za-z0-9]{0,5}|7z)$")
_FEED_PATH = re.compile(r"/(feed|rss|atom)([/?]|\.xml\?)|[?&][^=&]*=(rss|atom)", re.IGNORECASE)


class Rule(Part):
    """One line of the rules file."""

    path: str = Field(pattern="^/")
    as_: Literal["page_view", "asset_download", "content_view", "ignore"] = Field(alias="as")
    asset: str | None = None  # id of the offer; the path where it is not given
    kind: str | None = None  # of content: podcast, video …
    buying_stage: Literal["awareness", "consideration", "decision"] | None = None
    gated: bool = False

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The path as a regular expression: our own translation, so that no user writes one."""
        return re.compile("".join(_segment(segment) for segment in self.path[1:].split("/")), re.DOTALL)


class PathRules(Part):
    """The rules file: `rules: [...]`."""

    rules: tuple[Rule, ...]

    def verdict(self, path: str, query: str) -> Rule | str:
        """Find the rule that decides, or the reason why the request is not engagement."""
        for rule in self.rules:
            if rule.expression.fullmatch(path):
                return "ignored by a rule" if rule.as_ == "ignore" else rule
        return _by_ending(path, query)


def _segment(segment: str) -> str:
    if segment == "**":
        return "(?:/[^/]*)*"
    return "/" + "[^/]*".join(re.escape(part) for part in segment.split("*"))


NO_RULES = PathRules(rules=())
_PAGE = Rule.model_validate({"path": "/**", "as": "page_view"})
_DOWNLOAD = Rule.model_validate({"path": "/**", "as": "asset_download"})


def load_rules(file: Path) -> PathRules:
    """Read a rules file. Raises LifecycleError showing each mistake."""
    return load_model(file, PathRules)


def _by_ending(path: str, query: str) -> Rule | str:
    found = _ENDING.search(path)
    ending = found.group(1).lower() if found else ""
    if ending in FEEDS or _FEED_PATH.search(f"{path}?{query}"):
        return "feed"
    if not ending or ending in PAGES:
        return _PAGE
    return _DOWNLOAD if ending in DOWNLOADS else "asset"
