"""Moves as ribbons from the old stage on the left to the new one on the right, as thick as they are many."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from projections.web.comparison.layout import lay_out
from projections.web.comparison.markup import drawing, element

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    from projections.web.comparison.layout import Ribbon, Stage

    Move = Mapping[str, Any]

WIDTH, LEFT, RIGHT = 760.0, 160.0, 600.0  # the ribbons run from LEFT to RIGHT; names stand outside
BAR = 10.0
MOST = 15  # characters of a stage's name outside the ribbons; of a longer one both ends, whole in its title
DETOUR = -1  # rank of a stage beside its ladder


def sankey(moves: Sequence[Move], ranks: Mapping[str, int]) -> list[Element]:
    """Draw a diagram for each track on which something moves. `ranks`: every stage, in order → its rank."""
    tracks: defaultdict[str, list[Move]] = defaultdict(list)
    for move in moves:
        tracks[move["track"]].append(move)
    if not tracks:
        return [element("p", {"class": "quiet"}, "Nobody would stand elsewhere.")]
    drawn = [_legend()]
    for track, own in tracks.items():
        if track != "main":
            drawn.append(element("h3", {}, f"Track {track}"))
        drawn.append(_diagram(own, ranks))
    return drawn


def move_link(start: str, end: str) -> str:
    """Return the address, within the page, of the contacts of a move."""
    return f"#/move/{start}/{end}"


def _legend() -> Element:
    kinds = (("now", "higher"), ("aside", "lower, or aside"))
    return element(
        "p", {"class": "legend quiet"}, *(element("span", {"class": f"key {k}"}, n) for k, n in kinds)
    )


def _diagram(moves: Sequence[Move], ranks: Mapping[str, int]) -> Element:
    layout = lay_out(moves, list(ranks))
    return drawing(
        "Moves from the old stage to the new one",
        (WIDTH, layout.height),
        element("text", {"class": "quiet", "x": LEFT - BAR - 10, "y": 14, "text-anchor": "end"}, "before"),
        element("text", {"class": "quiet", "x": RIGHT + BAR + 10, "y": 14}, "after"),
        *(_ribbon(ribbon, ranks) for ribbon in layout.ribbons),
        *(part for stage in layout.left for part in _stage(stage, LEFT - BAR, LEFT - BAR - 10, "end")),
        *(part for stage in layout.right for part in _stage(stage, RIGHT, RIGHT + BAR + 10, "start")),
    )


def _ribbon(ribbon: Ribbon, ranks: Mapping[str, int]) -> Element:
    """Draw a link, so that the keyboard reaches it; its title is what it says."""
    middle = (LEFT + RIGHT) / 2
    y0, y1, height = ribbon.y0, ribbon.y1, ribbon.height
    z0, z1 = y0 + height, y1 + height
    path = (
        f"M{LEFT:.1f},{y0:.1f} C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {RIGHT:.1f},{y1:.1f} "
        f"v{height:.1f} C{middle:.1f},{z1:.1f} {middle:.1f},{z0:.1f} {LEFT:.1f},{z0:.1f} Z"
    )
    said = f"{ribbon.start} → {ribbon.end}: {ribbon.contacts:,}"
    up = ranks[ribbon.end] > max(ranks[ribbon.start], DETOUR)
    return element(
        "a",
        {"href": move_link(ribbon.start, ribbon.end), "class": "up" if up else "down", "aria-label": said},
        element("path", {"d": path}, element("title", {}, said)),
    )


def _stage(stage: Stage, x: float, x_text: float, anchor: str) -> tuple[Element, ...]:
    label = {"x": x_text, "text-anchor": anchor}
    return (
        element("rect", {"x": x, "y": stage.y, "width": BAR, "height": stage.height, "rx": 2}),
        element(
            "text",
            {**label, "class": "strong", "y": stage.y + 12},
            _short(stage.name),
            element("title", {}, stage.name),
        ),
        element("text", {**label, "class": "quiet", "y": stage.y + 28}, f"{stage.contacts:,}"),
    )


def _short(name: str) -> str:
    return name if len(name) <= MOST else f"{name[: MOST // 2]}…{name[1 - MOST // 2 :]}"
