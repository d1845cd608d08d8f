"""The parts of a comparison's page: geometry, time slots, and what may never get out of its place."""

import base64
import hashlib
import json
import re
from itertools import pairwise
from typing import Any

import pytest

from projections.web.comparison import comparison_page
from projections.web.comparison.bars import bars
from projections.web.comparison.layout import TALL, lay_out
from projections.web.comparison.markup import change, element, html
from projections.web.comparison.sankey import sankey
from projections.web.comparison.tables import moves_table

ORDER = ["none", "mql", "sal", "nurture"]
RANKS = {"none": -2, "mql": 0, "sal": 1, "nurture": -1}
HOSTILE = "</script><script>alert(1)</script>"


def move(start: str, end: str, contacts: int, rule: str = "stages.x") -> dict[str, Any]:
    return {"track": "main", "from": start, "to": end, "rule": rule, "contacts": contacts}


MOVES = [
    move("none", "mql", 60),
    move("mql", "sal", 30),
    move("none", "mql", 5, "stages.y"),
    move("mql", "none", 5),
]


def test_ribbons_are_as_thick_as_they_are_many_and_fill_their_stages() -> None:
    layout = lay_out(MOVES, ORDER)
    assert [(one.start, one.end, one.contacts) for one in layout.ribbons] == [
        ("none", "mql", 65),
        ("mql", "none", 5),
        ("mql", "sal", 30),
    ]
    assert [one.height for one in layout.ribbons] == [TALL * 0.65, TALL * 0.05, TALL * 0.30]
    for side, stages in (("start", layout.left), ("end", layout.right)):
        for stage in stages:
            own = [one for one in layout.ribbons if getattr(one, side) == stage.name]
            assert sum(one.contacts for one in own) == stage.contacts
            assert sum(one.height for one in own) == pytest.approx(stage.height)


def test_stages_stand_in_order_and_never_overlap() -> None:
    layout = lay_out([move("none", "mql", 10_000), move("mql", "nurture", 1), move("sal", "mql", 1)], ORDER)
    assert [one.name for one in layout.left] == ["none", "mql", "sal"]
    for stages in (layout.left, layout.right):
        for upper, lower in pairwise(stages):
            assert lower.y >= upper.y + upper.height + 10
        assert layout.height >= stages[-1].y + stages[-1].height
    assert min(one.height for one in layout.ribbons) == 2


def days(first: int, last: int, month: str = "2026-01") -> dict[str, dict[str, int]]:
    return {f"{month}-{day:02}": {"from": 1, "to": 2} for day in range(first, last + 1)}


@pytest.mark.parametrize(
    ("by_day", "unit", "pairs"),
    [
        (days(1, 1), "day", 1),
        (days(1, 1) | days(20, 20), "day", 20),
        (days(1, 5) | days(5, 5, "2026-06"), "week", 23),
        (days(1, 5) | days(5, 5, "2029-06"), "month", 42),
        (days(1, 5) | days(5, 5, "2039-06"), "year", 14),
    ],
)
def test_many_days_are_drawn_by_week_month_or_year_and_nothing_is_left_out(
    by_day: dict[str, dict[str, int]], unit: str, pairs: int
) -> None:
    drawn = "".join(map(html, bars(by_day)))
    assert f"by {unit}<" in drawn
    assert drawn.count('class="before"') == drawn.count('class="after"') == pairs
    told = [int(n) for n in re.findall(r", after: (\d+)<", drawn)]
    assert sum(told) == sum(both["to"] for both in by_day.values())


def test_without_hand_offs_the_page_says_so() -> None:
    (said,) = bars({})
    assert said.text == "No hand-offs on either side."


def test_what_is_set_into_an_element_stays_text() -> None:
    made = element("p", {"title": '"><b>'}, "</p>", None, element("b", {}, "x"), "<i>")
    assert html(made) == '<p title="&quot;&gt;<b&gt;">&lt;/p&gt;<b>x</b>&lt;i&gt;</p>'


def test_a_change_has_its_sign_and_none_is_0() -> None:
    assert [change({"from": 1_500, "to": to}) for to in (0, 1_500, 3_001)] == [
        "\N{MINUS SIGN}1,500",
        "0",
        "+1,501",
    ]


def page() -> str:
    return comparison_page({
        "from": "a@1.0.0", "to": "a@1.1.0", "as_of": 0, "events": 1, "refused": 0, "contacts": 9, "moved": 1,
        "stages": {"mql": {"from": 1, "to": 0}}, "moves": MOVES, "ranks": RANKS, "differences": 1,
        "handoffs": {"from": 1, "to": 1, "by_day": days(1, 1)}, "csv": "x.csv",
        "explained": [{"id": HOSTILE, "track": "main", "sides": []}],
    })  # fmt: skip


def test_only_the_pages_own_script_and_style_may_run() -> None:
    written = page()
    policy = re.search(r'Security-Policy" content="([^"]+)"', written)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    for kind, name in (("script", "script"), ("style", "style")):
        (text,) = re.findall(rf"<{name}(?: type=\"module\")?>(.*?)</{name}>", written, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy[1]
    assert " style=" not in written
    assert re.findall(r"(?:src|href)=\"(?!#|data:)", written) == []


def test_an_id_cannot_end_the_data_it_stands_in() -> None:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page(), re.DOTALL)
    assert json.loads(data)["explained"][0]["id"] == HOSTILE


def test_the_date_under_the_last_bar_is_not_cut_off() -> None:
    drawn = "".join(map(html, bars(days(1, 12))))
    ends = [float(x) + 34 for x in re.findall(r'<text class="quiet" x="([0-9.]+)" y="214', drawn)]
    assert len(ends) > 1
    assert max(ends) <= 760


def test_a_long_name_keeps_both_ends_beside_the_ribbons_and_breaks_in_tables() -> None:
    name = "marketing_qualified_lead"
    drawn = "".join(map(html, sankey([move("none", name, 1)], {"none": -2, name: 0})))
    assert f"marketi…d_lead<title>{name}</title>" in drawn
    assert "<b>marketing_<wbr>qualified_<wbr>lead</b>" in html(moves_table([move("none", name, 1)]))


def test_rules_that_move_nobody_are_said_to_be_none() -> None:
    assert "None: nothing moves." in html(moves_table([]))
