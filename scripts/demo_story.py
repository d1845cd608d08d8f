"""The demo's cast: what they do, as events that end now, and where each should stand in the end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

CAST = Path(__file__).parent / "demo_data" / "cast.ndjson"
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
# Who should stand where in the end, and which hand-offs sales should have heard of.
STAGES = {
    "maria-keller": "opportunity",
    "tomas-lindqvist": "nurture",
    "priya-raman": "mql",
    "jonas-weber": "sql",
    "lena-hoffmann": None,
    "sofia-rossi": "mql",
    "dana-ruiz": "mql",
}
ANSWERS = {"maria-keller": "accepted", "jonas-weber": "accepted", "tomas-lindqvist": "rejected"}
OPEN = ("priya-raman", "sofia-rossi", "dana-ruiz")


class DemoError(Exception):
    """Something expected did not appear; the text says what and where to look."""


def first_download(visits: str) -> str:
    """Return the first real visitor who downloaded an offer for consideration: an MQL, still anonymous."""
    for event in map(json.loads, visits.splitlines()):
        if event.get("buying_stage") == "consideration":
            return str(event["anonymous_id"])
    raise DemoError(
        "no visitor in the web-server log downloaded what site.yaml calls an offer for consideration"
    )


def identified(visitor: str) -> str:
    """Return the event of a visitor filling in a form: the visits are a person's now, who is handed over."""
    event = {
        "type": "contact_identified",
        "event_id": "cast-identified",
        "contact_id": "dana-ruiz",
        "anonymous_id": visitor,
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    return json.dumps(event)


def act(number: int) -> list[str]:
    """Return the events of one act of the cast, their `ago` turned into a time before now."""
    now = datetime.now(UTC)
    rows = [json.loads(line) for line in CAST.read_text().splitlines()]
    return [json.dumps(dated(row, now)) for row in rows if row.pop("act") == number]


def dated(row: dict[str, object], now: datetime) -> dict[str, object]:
    """Replace `ago` (such as 13d) by `occurred_at`."""
    ago = str(row.pop("ago"))
    return row | {"occurred_at": (now - timedelta(**{UNITS[ago[-1]]: int(ago[:-1])})).isoformat()}
