"""Contacts told their stories, and the companies that come of it: the core and the roll-up together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.company import Company, Row, fold
from tests.builders.story import HOUR, Story

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]

PRODUCT = "https://acme.example/products/anvil"


class Accounts:
    """Stories by contact id; what they tell is folded at once. `told`: what companies told."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stories: dict[str, Story] = {}
        self.companies: dict[str, Company] = {}
        self.rows: dict[tuple[str, str], Row] = {}
        self.told: list[Change] = []

    def tell(self, contact_id: str, type_: str, after: int = HOUR, **fields: Any) -> list[Change]:  # noqa: ANN401
        """Tell one event to a contact, an hour after its last one."""
        story = self.stories.setdefault(contact_id, Story(self.plan, contact_id))
        return self.take(story.tell(type_, story.now + after, **fields))

    def take(self, changes: list[Change]) -> list[Change]:
        """Fold what the core gave out; returns what companies told."""
        told = [one for one in map(self._fold, changes) if one is not None]
        self.told += told
        return told

    def _fold(self, change: Change) -> Change | None:
        if change["record"] != "membership_changed":
            return None
        key = change["company_id"], change["contact_id"]
        company = self.companies.setdefault(change["company_id"], Company())
        row, told = fold(company, self.rows.get(key), change)
        if row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row
        return told

    def lead(self, contact_id: str, company_id: str | None = "acme") -> None:
        """Make somebody a lead of a company."""
        self.tell(contact_id, "page_view", url=PRODUCT, company_id=company_id)
        self.tell(contact_id, "form_submitted", form="guide")

    def stage(self, company_id: str = "acme") -> str | None:
        """Where a company is."""
        return self.companies[company_id].stage
