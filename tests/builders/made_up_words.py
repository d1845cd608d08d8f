"""What made-up lifecycle files name: events, profile, lists, behaviours, and tests of them, of every kind."""

from __future__ import annotations

from typing import Any

EVENTS: dict[str, Any] = {
    "asset_download": {
        "asset": {"one_of": ["a", "b", "c"]},
        "buying_stage": {"one_of": ["awareness", "decision"]},
        "gated": "boolean",
    },
    "report_run": {"report": "string", "rows": "integer", "cost": "number", "ran_at": "timestamp"},
}
PROFILE = {
    "job_title": "string",
    "country": "string",
    "tier": {"one_of": ["a", "b", "c"]},
    "company_size": "integer",
    "revenue": "number",
    "opted_in": "boolean",
    "renewal": "timestamp",
}
LISTS = {"dach": ["DE", "AT", "CH"], "titles": ["vp", "chief"], "ads": ["google", "referral"]}
BEHAVIOURS: dict[str, Any] = {
    "view": {"event": "page_view"},
    "product": {"event": "page_view", "where": {"url": {"path": "/products/**"}}},
    "pricing": {"event": "page_view", "where": {"url": {"ends_with": "/a"}, "campaign": {"exists": False}}},
    "ad": {"event": "page_view", "where": {"source": {"in": "$ads"}}},
    "download": {"event": "asset_download"},
    "gated": {"event": "asset_download", "where": {"gated": True, "buying_stage": {"ne": "decision"}}},
    "form": {"event": "form_submitted", "where": {"form": {"in": ["demo", "contact"]}}},
    "long": {"event": "webinar_attended", "where": {"minutes": {"gte": 30}}},
    "gone": {"event": "unsubscribed"},
    "answer": {"event": "qualified_answer"},
    "touch": {"event": "sales_touch", "where": {"kind": {"contains_any": ["qual", "call"]}}},
    "report": {"event": "report_run", "where": {"rows": {"gt": 10}, "cost": {"lte": 9.5}}},
    "recent": {
        "event": "report_run",
        "where": {"ran_at": {"gte": "2026-03-02"}, "report": {"contains": "R"}},
    },
    "anything": {"any_of": ["view", "download", "form", "long", "touch", "report"]},
}
DISTINCT = {
    "download": "asset", "gated": "asset", "answer": "topic", "long": "webinar", "product": "url",
    "view": "company_id", "report": "rows",
}  # fmt: skip
PROFILE_TESTS: tuple[Any, ...] = (
    {"job_title": {"contains_any": "$titles"}}, {"country": "DE"}, {"tier": {"in": ["a", "b"]}},
    {"job_title": {"exists": False}}, {"company_size": {"gte": 5}}, {"country": {"not_in": "$dach"}},
    {"revenue": {"lt": 10.5}}, {"opted_in": True}, {"renewal": {"lte": "2026-06-01"}},
    {"country": {"starts_with": "D"}, "tier": {"ne": "c"}}, {"opted_in": {"ne": True}},
)  # fmt: skip
LAST_TESTS: tuple[Any, ...] = (
    {"page_view.source": {"in": "$ads"}}, {"webinar_attended.minutes": {"lt": 30}},
    {"report_run.rows": {"ne": 11}}, {"page_view.company_id": "acme"},
    {"asset_download.gated": True, "page_view.campaign": {"exists": True}},
    {"report_run.ran_at": {"lt": "2026-03-03T00:00:00Z"}}, {"deal_changed.amount": {"gt": 100}},
)  # fmt: skip
DEAL_TESTS: tuple[Any, ...] = (
    "open", "won", "all_lost", {"amount": {"gte": 1000}, "stage": {"ne": "discovery"}},
    {"amount": {"exists": False}}, {"stage": {"in": ["proposal", "discovery"]}}, {"amount": {"lt": 1200.5}},
)  # fmt: skip
SPANS = ("1h", "1d", "7d", "14d", "30d", "90d")
STAYS = (
    "3d",
    "7d",
    "30d",
    "90d",
)  # longer: who goes to and fro moves a few hundred times in the end
HOURS = {
    "days": ["mon", "tue", "thu"],
    "from": "09:00",
    "to": "17:30",
    "holidays": ["2026-03-03", "2026-04-02"],
}
