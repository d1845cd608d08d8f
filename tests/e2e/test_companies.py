"""The page's panel of companies in a real browser: there only where there are some, live, on a phone too."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING

from processors.stack.valkey import url
from projections.store import View, connect, show
from projections.views.funnel import Rung, define
from tests.builders.changes import HOUR, History
from tests.builders.views import deliver
from tests.e2e.eyes import CONTRAST, Eyes, until

if TYPE_CHECKING:
    from selenium import webdriver

    from processors.stack.server import LocalServer

LONG = "a-very-long-name-of-a-holding-company-with-many-subsidiaries.example"
WIDER = "return document.documentElement.scrollWidth > document.documentElement.clientWidth"


def tell(view: View, company: str, stage: str, contact: str) -> None:
    """Let a contact bring a company to a stage."""
    history = History(contact, int(time() * 1000) - HOUR)
    history.enter(stage)
    history.joined(company, stage)
    history.moved(company, stage)
    for change in history.changes:
        deliver(view, [change], f"{change['record']}/0")


def test_companies_are_shown_by_stage_as_soon_as_there_are_some(
    browser: webdriver.Chrome, page: str, valkey: LocalServer
) -> None:
    client = connect(url(valkey.port))
    view = View(client, "companies")
    view.ask(define([Rung(track="main", stage=stage) for stage in ("lead", "mql")]))
    history = History("ann")
    history.enter("lead")
    deliver(view, history.changes)
    show(client, "companies")

    eyes = Eyes(browser, page)
    eyes.size(1280, 900)
    eyes.open().see("#state", "Live")
    assert [one.is_displayed() for one in eyes.all("#companies-panel")] == [False]
    tell(view, "acme", "lead", "bob")
    tell(view, LONG, "mql", "cyd")
    eyes.see("#companies .column", "acme")
    eyes.see("#companies-sum", "2 of 2 have a stage")
    columns = until(lambda: [one.text.split("\n")[0] for one in eyes.all("#companies h3")], "the stages")
    assert [one.lower() for one in columns] == ["lead", "mql"]
    for width in (1280, 360):
        eyes.size(width, 900)
        assert browser.execute_script(WIDER) is False
    for scheme in ("light", "dark"):
        eyes.scheme(scheme)
        assert browser.execute_script(CONTRAST) == []
    assert eyes.complaints() == []
