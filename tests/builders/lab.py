"""A short history that is judged by hand, and the file it is judged under. Days are days after `MONDAY`.

| contact | views on day | wins on day |
|---|---|---|
| ann | 0, 1, 2 | 11 |
| bob | 0, 1 | |
| cid | 5 | 45 |
| dan | | 20 |
| eve | 58 | |

The log ends on day 60 with an event that concerns nobody.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.builders.story import DAY, MONDAY

if TYPE_CHECKING:
    from pathlib import Path

    Row = dict[str, Any]

FILE = """\
lifecycle: 1
id: small
version: 1.0.0
behaviours:
  view: {event: page_view, where: {url: {path: /products/**}}}
scores:
  interest:
    rules:
      - {id: views, per: view, points: 5}
stages:
  - id: mql
    owner: marketing
    terminal: true
    enter: {did: {what: view, at_least: 2, within: 30d}}
    handoff: {to: sales}
  - {id: customer, owner: success, terminal: true, enter: {deal: won}}
"""
VIEWS = {"ann": (0, 1, 2), "bob": (0, 1), "cid": (5,), "eve": (58,)}
WINS = {"ann": 11, "cid": 45, "dan": 20}


def view(contact: str, day: float) -> Row:
    """One page view that counts."""
    at = MONDAY + int(day * DAY)
    return {"type": "page_view", "event_id": f"{contact}-{day}", "contact_id": contact, "occurred_at": at,
            "url": "https://acme.example/products/a"}  # fmt: skip


def win(contact: str, day: float, deal: str = "d") -> Row:
    """One deal won."""
    at = MONDAY + int(day * DAY)
    return {"type": "deal_changed", "event_id": f"{contact}-{deal}-{day}", "contact_id": contact,
            "occurred_at": at, "deal": deal, "stage": "closed_won"}  # fmt: skip


def end(day: float) -> Row:
    """Something that concerns no contact."""
    return {"type": "spend_recorded", "event_id": "end", "channel": "ads", "amount": 1, "currency": "EUR",
            "occurred_at": MONDAY + int(day * DAY)}  # fmt: skip


def history() -> list[Row]:
    """The table above, in order of time."""
    rows = [view(contact, day) for contact, days in VIEWS.items() for day in days]
    rows += [win(contact, day) for contact, day in WINS.items()]
    return [*sorted(rows, key=lambda row: row["occurred_at"]), end(60)]


def write(path: Path, rows: list[Row]) -> Path:
    """Write events as NDJSON."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
