"""Stories under the preset buyers-journey: what a contact does, and one who has come as far as each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import HOUR, Story

if TYPE_CHECKING:
    from tests.builders.story import Change

PLAN = load_lifecycle("buyers-journey")
SITE = "https://acme.example"
PRODUCT = f"{SITE}/products/anvil"


def view(story: Story, times: int, every: int = HOUR, url: str = PRODUCT) -> None:
    """View a page so many times, the first one now."""
    for index in range(times):
        story.tell("page_view", story.now + (every if index else 0), url=url)


def offer(story: Story, asset: str, stage: str | None, at: int | None = None) -> list[Change]:
    """Download an offer that is tagged with a stage of the journey."""
    return story.tell("asset_download", at, asset=asset, buying_stage=stage)


def deal(story: Story, stage: str, name: str = "A", at: int | None = None) -> list[Change]:
    """Say how a deal stands in the CRM."""
    return story.tell("deal_changed", at, deal=name, stage=stage)


def mql() -> Story:
    """Asked for a demo."""
    story = Story(PLAN)
    story.tell("form_submitted", form="demo")
    return story


def sal() -> Story:
    """Accepted by sales."""
    story = mql()
    story.tell("handoff_accepted", actor="sam")
    return story


def sql() -> Story:
    """Deemed worthy of a direct follow-up."""
    story = sal()
    story.tell("sales_touch", kind="qualified")
    return story


def opportunity() -> Story:
    """Has an open deal."""
    story = sql()
    deal(story, "proposal")
    return story
