"""Random histories of one contact, for properties: whatever the presets look at, at awkward times."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, WEEK, event

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    Event = dict[str, Any]

# Times that meet the edges of windows, half-lives, days and weeks, to the millisecond.
_SPANS = (0, 1, MINUTE, HOUR, DAY, WEEK, 14 * DAY, 30 * DAY, 60 * DAY, 90 * DAY, 180 * DAY)
MOMENTS = st.builds(
    lambda span, times, off: MONDAY + span * times + off,
    st.sampled_from(_SPANS),
    st.integers(0, 3),
    st.sampled_from((-1, 0, 1, 0, 0, 12_345)),
)

_COMPANIES = st.sampled_from((None, "acme", "globex"))
_URLS = ("/products/a", "/products/b", "/pricing", "/pricing/x", "/services/y", "/blog/z", "/help/index.html")
_PAGE = st.fixed_dictionaries(
    {"url": st.sampled_from(_URLS), "source": st.sampled_from((None, "google", "referral"))}
)
_PROFILE: SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(("job_title", "persona", "industry", "country", "tier", "company_size", "email_domain")),
    st.sampled_from(("VP of Sales", "champion", "software", "DE", "a", "gmail.com", None)),
    max_size=3,
)
_BY_TYPE: dict[str, SearchStrategy[dict[str, Any]]] = {
    "page_view": _PAGE,
    "asset_download": st.fixed_dictionaries(
        {
            "asset": st.sampled_from("abc"),
            "buying_stage": st.sampled_from((None, "awareness", "consideration", "decision")),
            "gated": st.booleans(),
        }
    ),
    "form_submitted": st.fixed_dictionaries({"form": st.sampled_from(("demo", "contact", "newsletter"))}),
    "email_opened": st.just({}),
    "email_clicked": st.just({}),
    "webinar_attended": st.fixed_dictionaries(
        {"webinar": st.sampled_from("vw"), "minutes": st.sampled_from((None, 10, 45))}
    ),
    "newsletter_signup": st.just({}),
    "unsubscribed": st.just({}),
    "demo_requested": st.just({}),
    "trial_signup": st.just({"plan": "team"}),
    "product_used": st.fixed_dictionaries({"action": st.sampled_from(("publish", "look"))}),
    "meeting_held": st.just({}),
    "sales_touch": st.fixed_dictionaries({"kind": st.sampled_from(("call", "qualified", "not-ready"))}),
    "outreach_replied": st.just({}),
    "qualified_answer": st.fixed_dictionaries(
        {"topic": st.sampled_from(("need", "challenge", "budget", "timeline"))}
    ),
    "referral_made": st.just({}),
    "contact_updated": st.fixed_dictionaries({"profile": _PROFILE}),
    "deal_changed": st.fixed_dictionaries(
        {
            "deal": st.sampled_from(("D1", "D2")),
            "stage": st.sampled_from(("discovery", "proposal", "closed_won", "closed_lost")),
            "amount": st.sampled_from((None, Decimal("1200.500"), Decimal("250000.000"))),
            "currency": st.just("EUR"),
        }
    ),
    "handoff_accepted": st.just({"handoff": None, "actor": "sam"}),
    "handoff_rejected": st.just({"handoff": None, "actor": "sam", "reason": "not now"}),
    "custom_event": st.just({"name": "case_study", "properties": {"title": "t"}}),
    "stage_overridden": st.fixed_dictionaries(
        {
            "stage": st.sampled_from((None, "mql", "sql", "opportunity")),
            "kind": st.sampled_from(("pin", "floor", "ceiling")),
            "until": st.one_of(st.none(), MOMENTS),
        }
    ),
}
ENGAGEMENT = (
    "page_view", "asset_download", "form_submitted", "email_opened", "email_clicked", "webinar_attended",
    "newsletter_signup", "unsubscribed", "demo_requested", "trial_signup", "product_used", "qualified_answer",
)  # fmt: skip


@st.composite
def events(draw: st.DrawFn, *, only: tuple[str, ...] = tuple(_BY_TYPE), most: int = 25) -> list[Event]:
    """Events in log order; times are in any order."""
    types = draw(st.lists(st.sampled_from(only), min_size=1, max_size=most))
    told = []
    for position, type_ in enumerate(types):
        fields = draw(_BY_TYPE[type_])
        told.append(
            {
                **event(type_, draw(MOMENTS), event_id=f"e{position}", company_id=draw(_COMPANIES), **fields),
                "position": position,
            }
        )
    return told
