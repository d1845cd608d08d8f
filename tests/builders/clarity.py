"""Stories under the preset clarity: one who has come as far as each stage, at the story's start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import Story

if TYPE_CHECKING:
    from tests.builders.story import Change

PLAN = load_lifecycle("clarity")
SITE = "https://acme.example"
TOPICS = ("need", "challenge", "budget", "timeline")


def visit(story: Story, at: int | None = None, path: str = "/") -> list[Change]:
    """View a page."""
    return story.tell("page_view", at, url=SITE + path)


def answer(story: Story, *topics: str) -> None:
    """Answer what sales wants to know."""
    for topic in topics:
        story.tell("qualified_answer", topic=topic)


def deal(story: Story, stage: str, name: str = "A", at: int | None = None) -> list[Change]:
    """Say how a deal stands in the CRM."""
    return story.tell("deal_changed", at, deal=name, stage=stage)


def lead() -> Story:
    """Visited the site."""
    story = Story(PLAN)
    visit(story)
    return story


def mql() -> Story:
    """Downloaded an e-book."""
    story = lead()
    story.tell("asset_download", asset="e-book", gated=True)
    return story


def sal() -> Story:
    """Asked for a demo."""
    story = mql()
    story.tell("demo_requested")
    return story


def sql() -> Story:
    """Answered all four questions."""
    story = sal()
    answer(story, *TOPICS)
    return story


def opportunity() -> Story:
    """Has an open deal."""
    story = sql()
    deal(story, "proposal")
    return story


def customer() -> Story:
    """Has bought."""
    story = opportunity()
    deal(story, "closed_won")
    return story
