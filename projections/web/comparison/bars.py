"""Hand-offs over time, before and after, as pairs of bars; where there are many days, by week or by month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from projections.web.comparison.markup import change, drawing, element, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    Both = Mapping[str, int]
    ByDay = Mapping[str, Both]

WIDTH, HEIGHT = 760.0, 220.0
LEFT, TOP, BOTTOM = 44.0, 12.0, 26.0
MOST = 66  # pairs of bars in a row: about two months of days; more are too thin to tell apart
LABELS = 6  # under the bars
HALF = 34.0  # of a date under a bar, so that the last one is not cut off


def bars(by_day: ByDay) -> list[Element]:
    """Draw the chart, and give the same as a table."""
    if not by_day:
        return [element("p", {"class": "quiet"}, "No hand-offs on either side.")]
    unit, slots = _slots(by_day)
    top = max(max(both) for both in slots.values())
    rows = [_row(name, *both) for name, both in slots.items() if any(both)]
    return [
        element(
            "p",
            {"class": "legend quiet"},
            element("span", {"class": "key reached"}, "before"),
            element("span", {"class": "key now"}, "after"),
            element("span", {}, f"by {unit}"),
        ),
        drawing(
            f"Hand-offs by {unit}", (WIDTH, HEIGHT), *_axis(top), *_pairs(slots, top), *_labels(list(slots))
        ),
        element(
            "details",
            {},
            element("summary", {}, "As a table"),
            table((unit.capitalize(), "Before", "After", "Change"), rows),
        ),
    ]


def _row(name: str, before: int, after: int) -> tuple[str, ...]:
    return name, f"{before:,}", f"{after:,}", change({"from": before, "to": after})


def _slots(by_day: ByDay) -> tuple[str, dict[str, tuple[int, int]]]:
    """Sum up by the finest unit of which there are few enough; those without hand-offs are 0."""
    first, last = date.fromisoformat(min(by_day)), date.fromisoformat(max(by_day))
    days = [(first + timedelta(days=number)) for number in range((last - first).days + 1)]
    for unit, name_of in (("day", _day), ("week", _week), ("month", _month), ("year", _year)):
        slots = dict.fromkeys(map(name_of, days), (0, 0))
        if len(slots) <= MOST or unit == "year":
            break
    for day, both in by_day.items():
        name = name_of(date.fromisoformat(day))
        before, after = slots[name]
        slots[name] = before + both["from"], after + both["to"]
    return unit, slots


def _day(day: date) -> str:
    return day.isoformat()


def _week(day: date) -> str:
    return (day - timedelta(days=day.weekday())).isoformat()


def _month(day: date) -> str:
    return day.isoformat()[:7]


def _year(day: date) -> str:
    return day.isoformat()[:4]


def _y(value: float, top: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _axis(top: int) -> list[Element]:
    """Lines at the top, half-way up where that is a whole number, and at 0."""
    values = {0, top, *((top // 2,) if top % 2 == 0 else ())}
    parts = []
    for value in sorted(values):
        y = _y(value, top)
        parts += [
            element("line", {"x1": LEFT, "x2": WIDTH, "y1": y, "y2": y}),
            element(
                "text", {"class": "quiet", "x": LEFT - 8, "y": y + 4, "text-anchor": "end"}, f"{value:,}"
            ),
        ]
    return parts


def _pairs(slots: Mapping[str, tuple[int, int]], top: int) -> list[Element]:
    room = (WIDTH - LEFT) / len(slots)
    width = min(22.0, room * 0.38)
    parts = []
    for index, (name, both) in enumerate(slots.items()):
        middle = LEFT + room * (index + 0.5)
        for x, value, kind in ((middle - width, both[0], "before"), (middle, both[1], "after")):
            y = _y(value, top)
            box = {"x": x, "y": y, "width": width, "height": HEIGHT - BOTTOM - y, "class": kind}
            parts.append(element("rect", box, element("title", {}, f"{name}, {kind}: {value:,}")))
    return parts


def _labels(names: list[str]) -> list[Element]:
    room = (WIDTH - LEFT) / len(names)
    step = -(-len(names) // LABELS)
    return [
        element(
            "text",
            {
                "class": "quiet",
                "x": min(LEFT + room * (index + 0.5), WIDTH - HALF),
                "y": HEIGHT - 6,
                "text-anchor": "middle",
            },
            names[index],
        )
        for index in range(0, len(names), step)
    ]
