"""A comparison of two lifecycles as one HTML file: nothing to serve, nothing loaded from elsewhere.

Charts and tables are made here, so they are there without scripts. Contacts are looked up by a script over
data that the file holds. Its security policy lets only its own script and style run, named by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from projections.web.comparison.bars import bars
from projections.web.comparison.markup import change, element, html
from projections.web.comparison.sankey import sankey
from projections.web.comparison.tables import moves_table, stages_table
from schemas.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    Told = Mapping[str, Any]

HERE = Path(__file__).parent
STATIC = HERE.parent / "static"
SCRIPTS = (STATIC / "dom.js", STATIC / "words.js", HERE / "page.js")
STYLES = (STATIC / "page.css", HERE / "page.css")
OF_SCRIPT = ("from", "to", "differences", "moved", "moves", "explained", "csv")
_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def comparison_page(told: Told) -> str:
    """Write the page.

    `told` is what `stageline diff --format json` gives, and besides: `from`, `to`: id@version; `as_of`: ms
    UTC; `differences`: how many; `ranks`: stage → rank, in the order in which stages are shown; `explained`:
    some contacts, each with `id`, `track` and both `sides`; `csv`: name of a file with all differences.
    """
    script, style = _script(), "".join(path.read_text("utf-8") for path in STYLES)
    return Template((HERE / "page.html").read_text("utf-8")).substitute(
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
        icon=base64.b64encode((STATIC / "icon.svg").read_bytes()).decode(),
        data=_data({name: told[name] for name in OF_SCRIPT}),
        title=html(element("h1", {}, told["from"], element("span", {"class": "arrow"}, " → "), told["to"])),
        name=html(element("title", {}, f"{told['from']} → {told['to']} · Stageline")),
        facts=html(element("p", {"class": "quiet"}, _facts(told))),
        tiles="".join(map(html, _tiles(told))),
        sankeys="".join(map(html, sankey(told["moves"], told["ranks"]))),
        moves=html(moves_table(told["moves"])),
        stages=html(stages_table(told["stages"])),
        days="".join(map(html, bars(told["handoffs"]["by_day"]))),
    )


def _facts(told: Told) -> str:
    refused = f", {told['refused']:,} refused" if told["refused"] else ""
    return f"{told['events']:,} events{refused}, as of {from_ms(told['as_of']):%Y-%m-%d %H:%M} UTC"


def _tiles(told: Told) -> list[Element]:
    handoffs = told["handoffs"]
    share = told["moved"] / told["contacts"] if told["contacts"] else 0
    return [
        _tile("would stand elsewhere", f"{told['moved']:,}", f"{share:.1%} of {told['contacts']:,} contacts"),
        _tile(
            "hand-offs",
            f"{handoffs['from']:,} → {handoffs['to']:,}",
            change(handoffs),
        ),
        _tile(
            "days with other hand-offs",
            f"{_other_days(handoffs):,}",
            f"of {len(handoffs['by_day']):,} with any",
        ),
    ]


def _other_days(handoffs: Told) -> int:
    return sum(day["from"] != day["to"] for day in handoffs["by_day"].values())


def _tile(name: str, value: str, note: str) -> Element:
    parts = element("small", {}, name), element("b", {}, value), element("small", {}, note)
    return element("div", {"class": "place"}, *parts)


def _script() -> str:
    """Join the modules into one script: a file that is opened from a disk may not import others."""
    parts = (_EXPORT.sub("", _IMPORT.sub("", path.read_text("utf-8"))) for path in SCRIPTS)
    return "".join(parts)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(value: object) -> str:
    """Write JSON that cannot end the element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
