"""Companies: who is in which stage, and of each its contacts, furthest first, and its way through the stages.

`company-stage:<stage>` holds companies by time of entry: each is in one of them at most. `company:<id>` holds
where it stands, `company-history:<id>` its newest moves, `company-contacts:<id>` its contacts by rank (of one
rank those first who stand there) and `company-facts:<id>` what each of them told last.
`companies-of:<contact>` is what an erased contact has to leave. What contacts told and where the company
stands come by different topics, in any order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from projections.commands import key, moved, packed
from projections.views.funnel import MAIN, read_ladder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from projections.commands import Ask, Change, Command, Key

HISTORY = 100  # newest moves kept per company
CONTACTS = 100  # contacts shown of one company, the furthest
NEAR = 8  # suggestions for an id that is not there
MOVED = (
    "sequence", "from", "to", "since", "at", "contact_id", "event_id", "by_deals", "contacts", "members",
)  # fmt: skip
TOLD = ("stage", "active", "deals", "counts_as", "by_deals", "at")


def project_contact(change: Change) -> tuple[Command, ...]:
    """Put a contact into its company, or take it out."""
    company, contact = change["company_id"], change["contact_id"]
    if change["left"]:
        return (("ZREM", _contacts(company), contact), ("HDEL", _facts(company), contact))
    facts = packed({name: change[name] for name in TOLD})
    return (
        ("ZADD", _contacts(company), str(2 * change["rank"] + (not change["by_deals"])), contact),
        ("HSET", _facts(company), contact, facts),
        ("ZADD", key("companies-of", contact), "0", company),
        ("ZADD", key("companies"), "0", company),
    )


def project_move(change: Change) -> tuple[Command, ...]:
    """Move a company from one stage's set to the other's, and remember who decided it."""
    company = change["company_id"]
    history = key("company-history", company)
    place = packed({name: change[name] for name in ("to", "at", "contact_id")})
    return (
        ("HSET", key("company", company), "place", place),
        ("ZADD", history, str(change["sequence"]), _entry(change)),
        ("ZREMRANGEBYRANK", history, "0", str(-HISTORY - 1)),
        ("ZADD", key("companies-of", change["contact_id"]), "0", company),
        ("ZADD", key("companies"), "0", company),
        *moved(change, _in_stage, company),
    )


def forget(ask: Ask, contact: str) -> Iterator[Command]:
    """Leave the companies of an erased contact without it; their moves stay."""
    of_contact = key("companies-of", contact)
    (companies,) = ask(("ZRANGE", of_contact, "0", "-1"))
    for company in companies:
        yield ("ZREM", _contacts(company), contact)
        yield ("HDEL", _facts(company), contact)
        yield from _forget_deciding(ask, company, contact)
    yield ("DEL", of_contact)


def _forget_deciding(ask: Ask, company: str, contact: str) -> Iterator[Command]:
    history = key("company-history", company)
    moves, place = ask(("ZRANGE", history, "0", "-1"), ("HGET", key("company", company), "place"))
    for text in moves:
        move = json.loads(text)
        if move["contact_id"] == contact:
            yield ("ZREM", history, text)
            yield ("ZADD", history, str(move["sequence"]), packed(move | {"contact_id": None}))
    known = json.loads(place) if place else None
    if known is not None and known["contact_id"] == contact:
        yield ("HSET", key("company", company), "place", packed(known | {"contact_id": None}))


def read_companies(ask: Ask, shown: int) -> dict[str, Any]:
    """Return every stage of the main ladder with its companies: how many, and the newest, with entry times.

    `companies`: all that are known; those in no stage have no contact that counts.
    """
    stages = [rung for rung in read_ladder(ask) if rung.track == MAIN]
    keys = [_in_stage(rung.stage) for rung in stages]
    counts = ask(("ZCARD", key("companies")), *(("ZCARD", one) for one in keys))
    newest = ask(*(("ZRANGE", one, "0", str(shown - 1), "REV") for one in keys))
    pairs = [(one, some) for one, some in zip(keys, newest, strict=True) if some]
    times = iter(ask(*(("ZMSCORE", one, *some) for one, some in pairs)))
    return {
        "companies": counts[0],
        "staged": sum(counts[1:]),
        "stages": [
            {
                "stage": rung.stage,
                "owner": rung.owner,
                "detour": rung.detour,
                "now": now,
                "newest": _dated(some, next(times)) if some else [],
            }
            for rung, now, some in zip(stages, counts[1:], newest, strict=True)
        ],
    }


def read_company(ask: Ask, company: str) -> dict[str, Any] | None:
    """Return where a company stands, its furthest contacts and its moves, newest first; None: not known.

    `by_deals`: nobody stands in that stage now, only deals hold the company there.
    """
    place, history, contacts, number, known = ask(
        ("HGET", key("company", company), "place"),
        ("ZRANGE", key("company-history", company), "0", "-1", "REV"),
        ("ZRANGE", _contacts(company), "0", str(CONTACTS - 1), "REV"),
        ("ZCARD", _contacts(company)),
        ("ZSCORE", key("companies"), company),
    )
    if known is None:
        return None
    facts = ask(("HMGET", _facts(company), *contacts))[0] if contacts else []
    furthest = [  # who has left meanwhile has told nothing any more
        {"contact_id": contact} | json.loads(text)
        for contact, text in zip(contacts, facts, strict=True)
        if text
    ]
    stands = json.loads(place) if place else {}
    stage = stands.get("to")
    holding = next((one for one in furthest if stage is not None and one["counts_as"] == stage), None)
    return {
        "company_id": company,
        "stage": stage,
        "since": stands.get("at"),
        "by_deals": holding is not None and holding["by_deals"],
        "decided_by": stands.get("contact_id"),
        "contacts": number,
        "furthest": furthest,
        "moves": [json.loads(text) for text in history],
    }


def read_companies_near(ask: Ask, start: str) -> list[str]:
    """Return some company ids that begin with `start`, in order."""
    end = start + "\U0010ffff"  # as of contacts: no id that begins with `start` sorts after it
    (found,) = ask(("ZRANGEBYLEX", key("companies"), f"[{start}", f"({end}", "LIMIT", "0", str(NEAR)))
    return list(found)


def _entry(change: Change) -> str:
    return packed({name: change[name] for name in MOVED})


def _dated(companies: Iterable[str], times: Iterable[float | None]) -> list[dict[str, Any]]:
    """Put companies and their times of entry together; one that has just left the stage has none."""
    found = zip(companies, times, strict=True)
    return [{"company_id": company, "since": int(at)} for company, at in found if at is not None]


def _in_stage(stage: str) -> Key:
    return key("company-stage", stage)


def _contacts(company: str) -> Key:
    return key("company-contacts", company)


def _facts(company: str) -> Key:
    return key("company-facts", company)
