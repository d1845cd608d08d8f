"""A believable quarter of a B2B company: some hundred contacts on their way through the buyers' journey.

The same for the same `now` and seed; nobody in it exists.
"""

from __future__ import annotations

from random import Random
from typing import Any

from projections.views.funnel import Rung
from tests.builders.changes import DAY, HOUR, MINUTE, History, evidence, why

LADDER = (
    Rung(track="main", stage="mql", owner="marketing"),
    Rung(track="main", stage="sal", owner="sales"),
    Rung(track="main", stage="sql", owner="sales"),
    Rung(track="main", stage="opportunity", owner="sales"),
    Rung(track="main", stage="recycled", owner="marketing", detour=True),
)
FIRST = ("anna", "ben", "chiara", "daniel", "elif", "femi", "grace", "hiro", "ines", "jonas", "kofi", "lena")
COMPANIES = (
    "northwind",
    "halden-labs",
    "rivermark",
    "octobit",
    "brightfield",
    "kestrel",
    "monsoon",
    "tallis",
)
SOURCES = (("google", "cpc", "spring-demo"), ("linkedin", "paid", "cfo-guide"), ("newsletter", "email", None))
ASSETS = ("the buyer's guide", "the migration checklist", "the pricing e-book", "the security white paper")
REASONS = ("not the decision maker", "no budget this year", "wrong company size")


def contact(name: str, now: int, seed: int = 0) -> list[dict[str, Any]]:
    """One contact's changes, from some weeks before `now` until at most then."""
    random = Random(f"{seed}{name}")  # noqa: S311 - test data
    history = History(name, now - random.randint(2 * HOUR, 80 * DAY))
    points = random.randint(30, 48)
    _enter(history, "mql", points, random)
    history.band("warm", why=why(f"Score of {points} reached the warm band."), score=_score(points))
    _hand_off(history, points, random, now)
    return [change for change in history.changes if change["at"] <= now]


def cast(now: int, size: int = 240, seed: int = 0) -> list[dict[str, Any]]:
    """Return everybody's changes in the order in which they happened."""
    names = [f"{FIRST[i % 12]}.{i // 12 + 1}@{COMPANIES[i * 7 % 8]}.example" for i in range(size)]
    found = [change for name in names for change in contact(name, now, seed)]
    return sorted(found, key=lambda change: int(change["at"]))


def _hand_off(history: History, points: int, random: Random, now: int) -> None:
    told: dict[str, Any] = {
        "handoff": f"h-{history.contact_id.split('@')[0]}",
        "score": _score(points),
        "accept_by": history.at + 4 * HOUR,
    }
    history.handoff("offered", why=why(f"Offered to sales with a score of {points}."), **told)
    answer = random.choices(("accept", "reject", "ignore"), (60, 20, 20))[0]
    if answer == "ignore":
        history.wait(2 * HOUR).handoff("reminded", why=why("Half of the time to answer has passed."), **told)
        if random.random() < 0.6 or history.at < now - 3 * DAY:
            history.wait(6 * HOUR).handoff("expired", why=why("Nobody answered in time."), **told)
    elif answer == "reject":
        history.wait(random.randint(10, 200) * MINUTE).handoff(
            "rejected",
            actor="sam.ortiz",
            reason=random.choice(REASONS),
            why=why("sam.ortiz rejected it."),
            **told,
        )
        history.wait(MINUTE)
        _enter(history, "recycled", points, random)
    else:
        history.wait(random.randint(10, 230) * MINUTE).handoff(
            "accepted", actor="kim.adler", why=why("kim.adler accepted it."), **told
        )
        _onwards(history, points, random)


def _onwards(history: History, points: int, random: Random) -> None:
    for stage, chance, days in (("sal", 1.0, 0), ("sql", 0.7, 9), ("opportunity", 0.5, 20)):
        if random.random() > chance:
            return
        history.wait(random.randint(MINUTE, max(2 * MINUTE, days * DAY)))
        points += random.randint(5, 20)
        _enter(history, stage, points, random)


def _enter(history: History, stage: str, points: int, random: Random) -> None:
    source, medium, campaign = random.choice(SOURCES)
    asset = random.choice(ASSETS)
    summary, facts = {
        "mql": (
            f"Downloaded 2 awareness offers, the last one {asset}.",
            [
                evidence("distinct awareness offers downloaded", "2", "more than 1"),
                evidence(
                    "products page viewed in 14 days", str(random.randint(2, 9)), "at least 10", met=False
                ),
                evidence("sales-ready form submitted", "0", "at least 1", met=False),
            ],
        ),
        "sal": ("Sales accepted the hand-off.", [evidence("hand-off", "accepted", "accepted")]),
        "sql": ("Sales agreed on a meeting.", [evidence("meetings agreed", "1", "at least 1")]),
        "opportunity": ("A deal was opened.", [evidence("open deals", "1", "at least 1")]),
        "recycled": ("Sales sent it back to marketing.", [evidence("hand-off", "rejected", "rejected")]),
    }[stage]
    touch = {
        "event_id": f"e-{random.randint(1000, 9999)}",
        "event_type": "asset_download",
        "at": history.at - 5 * DAY,
        "source": source,
        "campaign": campaign,
        "medium": medium,
    }
    history.enter(
        stage,
        owner=next(rung.owner for rung in LADDER if rung.stage == stage),
        score=_score(points),
        why=why(
            summary,
            evidence=facts,
            score_parts=_parts(points),
            first_touch=touch,
            last_touch={**touch, "at": history.at},
            crossing_touch={**touch, "at": history.at},
        ),
    )


def _score(points: int) -> dict[str, int]:
    return {"behaviour": (points - 10) * 1000, "demographics": 10_000, "total": points * 1000}


def _parts(points: int) -> list[dict[str, Any]]:
    left = (points - 10) * 1000
    parts = (("awareness-offers", left // 2), ("product-views", left // 3))
    rest = left - sum(value for _, value in parts)
    return [
        *({"score": "behaviour", "rule": rule, "points": value} for rule, value in parts),
        {"score": "behaviour", "rule": "email-clicks", "points": rest},
        {"score": "demographics", "rule": "persona", "points": 10_000},
    ]
