"""The totals as tables: contacts by stage, and every move with the rule that is responsible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.web.comparison.markup import breakable, change, element, table
from projections.web.comparison.sankey import move_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    Both = Mapping[str, int]


def stages_table(stages: Mapping[str, Both]) -> Element:
    """Contacts by stage, before and after."""
    rows = [(name, f"{one['from']:,}", f"{one['to']:,}", change(one)) for name, one in stages.items()]
    return table(("Stage", "Before", "After", "Change"), rows)


def moves_table(moves: Sequence[Mapping[str, Any]]) -> Element:
    """Every move, most contacts first; a move leads to its contacts."""
    if not moves:
        return element("p", {"class": "quiet"}, "None: nothing moves.")
    rows = [(_move(one), element("code", {}, one["rule"] or "—"), f"{one['contacts']:,}") for one in moves]
    return table(("Move", "Rule", "Contacts"), rows, numbers=1)


def _move(one: Mapping[str, Any]) -> Element:
    track = None if one["track"] == "main" else breakable("i", f"{one['track']}: ")
    arrow = element("span", {"class": "arrow", "aria-label": "to"}, "→")
    parts = (track, breakable("span", one["from"]), arrow, breakable("b", one["to"]))
    return element("a", {"class": "move stage", "href": move_link(one["from"], one["to"])}, *parts)
