"""Histories of one contact to go with made-up lifecycle files: a seed decides everything."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from processors import lifecycle
from tests.builders import both
from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, WEEK, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]

SPANS = (0, 1, MINUTE, HOUR, DAY, WEEK, 14 * DAY, 30 * DAY, 60 * DAY, 90 * DAY)
REPORTS: tuple[dict[str, Any], ...] = (
    {"report": "R1", "rows": 11, "cost": Decimal("9.500"), "ran_at": MONDAY},
    {"report": "R2", "rows": 12, "cost": Decimal("0.001"), "ran_at": MONDAY - 3 * DAY},
    {"report": "odd", "rows": "many", "cost": None},
)
FIELDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "page_view": {
        "url": ("/products/a", "/products/b", "/x"),
        "source": (None, "google", "referral"),
        "campaign": (None, "spring"),
    },
    "asset_download": {
        "asset": ("a", "b", "c"),
        "buying_stage": (None, "awareness", "decision"),
        "gated": (True, False),
    },
    "form_submitted": {"form": ("demo", "contact", "news")},
    "webinar_attended": {"webinar": ("v", "w"), "minutes": (None, 10, 45)},
    "unsubscribed": {},
    "qualified_answer": {"topic": ("need", "budget", "timeline")},
    "sales_touch": {"kind": ("call", "qualified", "x")},
    "custom_event": {"name": ("report_run", "report_run", "unheard_of"), "properties": REPORTS},
    "contact_updated": {
        "profile": (
            {"job_title": "VP", "tier": "a"},
            {"job_title": None, "country": "DE"},
            {"tier": "c", "opted_in": True},
            {"company_size": 5, "revenue": Decimal("10.500"), "renewal": MONDAY + 90 * DAY},
            {"company_size": "5", "opted_in": None, "country": "de"},
            {"lead_status": "working"},
            {"lead_status": "unknown", "revenue": 7},
        ),
    },
    "deal_changed": {
        "deal": ("D1", "D2"),
        "stage": ("discovery", "proposal", "closed_won", "closed_lost"),
        "amount": (None, Decimal("1200.500"), Decimal("10.000")),
        "currency": ("EUR",),
    },
}
OFTEN = ("page_view", "page_view", "asset_download", "asset_download", "custom_event")
BY_HAND = ("handoff_accepted", "handoff_rejected", "stage_overridden")
ABOUT_HISTORY = ("engagement_voided", "engagement_voided", "history_transferred", "merge_undone")
OTHERS = ("anon:v", "bob")


class MadeUpHistory:
    """Events in log order, times in any order: at the edges of windows and a millisecond beside them."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self._chance, self._plan = Random(seed), plan  # noqa: S311 - not for secrets
        self._stages = [(stage.id, plan.tracks[stage.track].id) for stage in plan.stages]

    def moment(self) -> int:
        """Make a time, ms UTC."""
        chance = self._chance
        return MONDAY + chance.choice(SPANS) * chance.randint(0, 3) + chance.choice((-1, 0, 1, 0, 0, 12_345))

    def events(self, most: int) -> list[Event]:
        """Make one to `most` events of what the contact does, and of what is done with it by hand."""
        kinds = (*FIELDS, *OFTEN, *BY_HAND)
        return [self._event(position, kinds) for position in range(self._chance.randint(1, most))]

    def lived(self, most: int) -> Iterator[tuple[Event, MadeUpContact]]:
        """Yield one to `most` events of all kinds with the contact to be told of them.

        Some come twice, some claim the future, some are voided, and other contacts become part of this one.
        """
        contact = MadeUpContact(self._plan, "c1")
        kinds = (*FIELDS, *OFTEN, *FIELDS, *BY_HAND, *ABOUT_HISTORY)
        for position in range(self._chance.randint(1, most)):
            yield self._any_event(position, kinds, contact), contact

    def _any_event(self, position: int, kinds: tuple[str, ...], contact: MadeUpContact) -> Event:
        chance = self._chance
        if contact.told and chance.random() < 0.1:
            again = dict(chance.choice(contact.told))
            return {**again, "position": position, "source": chance.choice((again["source"], "other"))}
        told = self._event(position, kinds)
        if contact.told and chance.random() < 0.1:
            told["occurred_at"] = chance.choice(contact.told)["occurred_at"]
        if chance.random() < 0.05:
            told["received_at"] = told["occurred_at"] - chance.choice((5 * MINUTE, 5 * MINUTE + 1, DAY))
        if told["type"] in {"handoff_accepted", "handoff_rejected"}:
            told["handoff"] = chance.choice((None, None, None, *contact.handoffs[-2:]))
        elif told["type"] == "engagement_voided":
            told["voids"] = f"e{chance.randint(0, position + 2)}"
        elif told["type"] == "history_transferred":
            told |= self._transferred(position, chance.choice(OTHERS), contact)
        elif told["type"] == "merge_undone":
            told |= {"into": "c1", "other": chance.choice(OTHERS)}
        return told

    def _transferred(self, position: int, other_id: str, contact: MadeUpContact) -> Event:
        """Tell what another contact has lived through, some of it what the contact has heard, too."""
        other = MadeUpContact(self._plan, other_id)
        heard = [one for one in contact.told if one["type"] not in ABOUT_HISTORY]
        for one in self.events(6):
            own = {**one, "event_id": f"{other_id}-{position}-{one['event_id']}"}
            shared = self._chance.choice(heard) if heard and self._chance.random() < 0.2 else own
            other.tell({**shared, "position": one["position"]})
        contact.others[other_id] = other.told
        ended = lifecycle.load(self._plan, other.state).clock
        told = {"occurred_at": ended, "received_at": None, "company_id": None, "source": None}
        return {**told, "other": other_id, "state": other.state, "plan_hash": self._plan.plan_hash}

    def _event(self, position: int, kinds: tuple[str, ...]) -> Event:
        chance = self._chance
        type_ = chance.choice(kinds)
        fields = {name: chance.choice(values) for name, values in FIELDS.get(type_, {}).items()}
        if type_ == "stage_overridden":
            stage, track = chance.choice(self._stages)
            fields = {
                "stage": chance.choice((stage, stage, None)),
                "track": track,
                "kind": chance.choice(("pin", "floor", "ceiling")),
                "until": chance.choice((None, self.moment())),
            }
        fields["company_id"] = chance.choice((None, None, None, "acme", "globex"))
        return {**event(type_, self.moment(), event_id=f"e{position}", **fields), "position": position}


class MadeUpContact:
    """A contact told event by event, by both back-ends, and folded again whenever it asks for that."""

    def __init__(self, plan: Plan, contact_id: str) -> None:
        self.plan, self.id, self.state = plan, contact_id, b""
        self.told: list[Event] = []
        self.others: dict[str, list[Event]] = {}  # what contacts were told that became part of this one
        self.handoffs: list[str] = []

    def tell(self, one: Event) -> list[Change]:
        """Apply an event; gives all changes."""
        one = {**one, "contact_id": self.id}
        self.told.append(one)
        self.state, changes = both.apply(self.plan, self.state, one)
        again: tuple[Change, ...] = ()
        if any(change["record"] == "refold_needed" for change in changes):
            log = lifecycle.Log(lambda contact: self.told if contact == self.id else self.others[contact])
            self.state, again = lifecycle.refold(self.plan, log, keep_moves_of=self.state)
        told = [*changes, *again]
        self.handoffs += [change["handoff"] for change in told if change.get("action") == "offered"]
        return told

    def wait(self, until: int) -> list[Change]:
        """Let time pass, up to a moment (ms UTC)."""
        self.state, changes = both.advance(self.plan, self.state, until)
        return list(changes)
