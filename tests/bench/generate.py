"""A made-up year of a B2B company: activity by Zipf's law, 1 % late, a few duplicates, sales answering.

`python -m tests.bench.generate --events N --contacts N --seed N > events.ndjson`; the same seed
gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Row = dict[str, Any]

START = 1_767_225_600_000  # 2026-01-01T00:00Z
YEAR = 365 * 86_400_000
LATE = 0.01
TWICE = 0.002
_PAGES = (
    "/products/a",
    "/products/b",
    "/products/c",
    "/pricing",
    "/services/x",
    "/blog/1",
    "/blog/2",
    "/about",
)
_STAGES = ("awareness", "consideration", "decision")
_TITLES = ("VP Sales", "clerk", "Head of IT")
_CHANNELS = ("google", "linkedin", "newsletter", "partner", None)


def rows(events: int, contacts: int, seed: int, first: int = 0) -> Iterator[Row]:
    """Events in the order in which they were received, from number `first` of the year on."""
    random = Random(seed)  # noqa: S311 - a made-up year needs no secrecy
    weights = list(accumulate(1 / rank for rank in range(1, contacts + 1)))
    step = YEAR / events
    last: Row | None = None
    for number in range(first, events):
        if last is not None and random.random() < TWICE:
            yield last
            continue
        at = START + int(number * step)
        if random.random() < LATE:
            at -= random.randrange(1_000, 7 * 86_400_000)
        contact = random.choices(range(contacts), cum_weights=weights)[0]
        last = _row(random, number, at, contact)
        yield last


def _row(random: Random, number: int, at: int, contact: int) -> Row:
    kind, fields = random.choices(_KINDS, cum_weights=_WEIGHTS)[0]
    known = contact % 5 != 0  # every fifth is a visitor whom nobody knows yet
    row: Row = {"type": kind, "event_id": f"e{number}", "occurred_at": at}
    row |= {"contact_id": f"c{contact}"} if known else {"anonymous_id": f"v{contact}"}
    if kind == "contact_identified":
        row |= {"contact_id": f"c{contact}", "anonymous_id": f"v{contact}"}
    source = random.choice(_CHANNELS)
    if source is not None:
        row["source"] = source
    return row | fields(random)


def _download(random: Random) -> Row:
    stage = random.choice(_STAGES)
    return {"asset": f"{stage}-{random.randrange(8)}", "buying_stage": stage, "gated": random.random() < 0.5}


def _deal(random: Random) -> Row:
    stage = random.choice(("discovery", "proposal", "negotiation", "closed_won", "closed_lost"))
    return {
        "deal": f"D{random.randrange(3)}",
        "stage": stage,
        "amount": random.randrange(1, 200) * 500,
        "currency": "EUR",
    }


_MIX: tuple[tuple[float, str, Callable[[Random], Row]], ...] = (
    (60, "page_view", lambda r: {"url": f"https://acme.example{r.choice(_PAGES)}"}),
    (10, "email_opened", lambda _random: {}),
    (8, "email_clicked", lambda _random: {}),
    (7, "asset_download", _download),
    (3, "webinar_attended", lambda r: {"webinar": f"w{r.randrange(6)}", "minutes": r.randrange(60)}),
    (3, "form_submitted", lambda r: {"form": r.choice(("demo", "contact", "newsletter", "survey"))}),
    (2, "product_used", lambda r: {"action": r.choice(("publish", "invite_user", "look"))}),
    (1.5, "contact_updated", lambda r: {"profile": {"job_title": r.choice(_TITLES)}}),
    (1, "sales_touch", lambda r: {"kind": r.choice(("call", "qualified", "email")), "actor": "sam"}),
    (1, "qualified_answer", lambda r: {"topic": r.choice(("need", "challenge", "budget", "timeline"))}),
    (0.8, "handoff_accepted", lambda _random: {"actor": "sam"}),
    (0.4, "handoff_rejected", lambda _random: {"actor": "sam", "reason": "not now"}),
    (0.8, "deal_changed", _deal),
    (0.5, "meeting_held", lambda _random: {}),
    (0.5, "trial_signup", lambda _random: {"plan": "team"}),
    (0.3, "unsubscribed", lambda _random: {}),
    (0.2, "contact_identified", lambda _random: {}),
)  # fmt: skip
KINDS = tuple(kind for _weight, kind, _fields in _MIX)
_KINDS = tuple((kind, fields) for _weight, kind, fields in _MIX)
_WEIGHTS = tuple(accumulate(weight for weight, _kind, _fields in _MIX))


@click.command()
@click.option("--events", default=1_000_000, show_default=True)
@click.option("--contacts", default=100_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def generate(events: int, contacts: int, seed: int) -> None:
    """Write a made-up year of events as NDJSON to standard output."""
    write = sys.stdout.write
    for row in rows(events, contacts, seed):
        write(json.dumps(row, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    generate()
