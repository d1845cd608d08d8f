"""Elements made as a tree, never as text: whatever the data holds, it cannot become markup."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Child = Element | str | None

_BREAKS = re.compile(r"(?<=[_-])")


def element(name: str, attributes: Mapping[str, object], *children: Child) -> Element:
    """Make an element; None children are left out. Fractions are written to a tenth: enough for drawings."""
    made = Element(name, {key: _written(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif child is not None and len(made):
            made[-1].tail = (made[-1].tail or "") + child
        elif child is not None:
            made.text = (made.text or "") + child
    return made


def drawing(name: str, size: tuple[float, float], *parts: Element) -> Element:
    """Make a drawing that stays legible on a narrow screen, where it is scrolled, by keyboard too."""
    width, height = size
    box = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "width": width, "height": height}
    return element(
        "div",
        {"class": "drawing", "role": "region", "aria-label": name, "tabindex": 0},
        element("svg", box, *parts),
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[Child]], *, numbers: int | None = None) -> Element:
    """Make a table; its last columns, all but the first if not said, are numbers."""
    texts = 1 if numbers is None else len(heads) - numbers
    kinds = [{} if index < texts else {"class": "number"} for index in range(len(heads))]
    head = (element("th", {"scope": "col", **kind}, name) for name, kind in zip(heads, kinds, strict=True))
    body = (
        element("tr", {}, *(element("td", kind, cell) for cell, kind in zip(row, kinds, strict=True)))
        for row in rows
    )
    return element(
        "table",
        {"class": "plain"},
        element("thead", {}, element("tr", {}, *head)),
        element("tbody", {}, *body),
    )


def change(both: Mapping[str, int]) -> str:
    """Write by how much something changes, with a true minus sign."""
    more = both["to"] - both["from"]
    return f"{more:+,}".replace("-", "\N{MINUS SIGN}") if more else "0"


def html(made: Element | None) -> str:
    """Write it as HTML; None is nothing."""
    return "" if made is None else tostring(made, encoding="unicode", method="html")


def breakable(tag: str, name: str) -> Element:
    """Set a name so that it may break after its punctuation, and nowhere else."""
    first, *rest = _BREAKS.split(name)
    return element(tag, {}, first, *chain.from_iterable((element("wbr", {}), part) for part in rest))


def _written(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
