"""The live page in a real browser: what is seen, by keyboard, on a phone, in the dark, when things break."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from processors.stack.ports import free_port
from processors.stack.valkey import url
from projections.store import View, connect, live_view, show, switches
from projections.views.funnel import define
from tests.builders.cast import LADDER, cast
from tests.builders.changes import DAY, HOUR, MINUTE, History, evidence, why
from tests.builders.page import serving
from tests.builders.views import deliver
from tests.e2e.eyes import CONTRAST, Eyes, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from selenium import webdriver
    from selenium.webdriver.remote.webelement import WebElement

    from processors.stack.server import LocalServer
    from projections.commands import Change

NOW = int(time() * 1000)
CAST = 60
TOKEN = "open sesame"  # noqa: S105 - of these tests
MARKUP = "<img src=x onerror=document.title='taken'><b>bold</b>"


@pytest.fixture(scope="module")
def view(valkey: LocalServer) -> View:
    """A quarter of a company's contacts."""
    return cast_shown(valkey)


def cast_shown(valkey: LocalServer) -> View:
    client = connect(url(valkey.port))
    view = View(client, "cast")
    view.ask(define(LADDER))
    deliver(view, cast(NOW, size=CAST))
    show(client, "cast")
    return view


class PageEyes(Eyes):
    """Opens the page when the server has told of all there is: nothing is drawn anew for it later.

    The server looks for another view once a second, and for changes some times a second.
    """

    def __init__(self, browser: webdriver.Chrome, page: str, valkey: LocalServer) -> None:
        super().__init__(browser, page)
        self._client = connect(url(valkey.port))

    def open(self, path: str = "") -> Eyes:
        view = live_view(self._client)
        assert view is not None
        newest = f"{view.name}/{switches(self._client)}/{view.newest_arrival()}"
        until(lambda: self._told() == newest, newest)
        return super().open(path)

    def _told(self) -> str:
        """Return the id of the newest message."""
        with urlopen(f"{self.page}api/stream", timeout=60) as lines:  # noqa: S310 - our own address
            told: bytes = next(line for line in lines if line.startswith(b"id: "))
        return told.decode().removeprefix("id: ").strip()


@pytest.fixture
def eyes(browser: webdriver.Chrome, page: str, view: View, valkey: LocalServer) -> Iterator[Eyes]:
    del view
    browser.get("about:blank")  # the page of the test before would go on asking
    eyes = PageEyes(browser, page, valkey)
    eyes.size(1280, 900)
    eyes.scheme("light")
    eyes.complaints()
    yield eyes
    assert eyes.complaints() == []


@pytest.fixture
def other_view(view: View, valkey: LocalServer, unique: Callable[[str], str]) -> Iterator[View]:
    """An empty view that is shown meanwhile."""
    client = connect(url(valkey.port))
    other = View(client, unique("other"))
    other.ask(define(LADDER))
    show(client, other.name)
    yield other
    show(client, view.name)


LONG = "marketing_qualified_lead_of_the_enterprise_segment"
TEXTS = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent).join()"
ASKED = "return performance.getEntriesByType('resource').map((one) => one.name).join()"
SLOW = """const ask = fetch; fetch = async (path, ...more) => {
  const answer = await ask(path, ...more);
  if (path.endsWith("id=slow")) await new Promise((go) => { window.answerSlow = go; });
  return answer;
}"""
WIDER = """return [...document.querySelectorAll(".panel, .column, .card, .place, .funnel th")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className)"""


def newcomer(contact: str, summary: str = "Filled in the demo form.") -> History:
    now = int(time() * 1000)  # the page counts down from its own
    history = History(contact, now - 2 * MINUTE)
    facts = [
        evidence("sales-ready form submitted", "1", "at least 1"),
        evidence("products page viewed in 14 days", "3", "at least 10", met=False),
    ]
    parts = [
        {"score": "behaviour", "rule": "sales-ready", "points": 40_000},
        {"score": "behaviour", "rule": "unsubscribed", "points": -2_500},
    ]
    score = {"behaviour": 37_500, "total": 37_500}
    history.enter("mql", why=why(summary, evidence=facts, score_parts=parts), score=score)
    history.handoff(
        "offered", f"h-{contact}", accept_by=now + 2 * HOUR, score=score, why=why("Offered to sales.")
    )
    return history


def cells(row: WebElement) -> list[str]:
    return [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td.number")][:2]


def test_the_funnel_shows_the_stages_in_order_and_sums_to_the_contacts(eyes: Eyes, other_view: View) -> None:
    deliver(other_view, cast(NOW, size=CAST))
    eyes.open().see("#funnel th.name", "mql")
    names = until(lambda: [el.text.split("\n")[0] for el in eyes.all("#funnel th.name")], "the stages")
    assert names == [rung.stage for rung in LADDER]
    now = until(lambda: [int(cells(row)[0]) for row in eyes.all("#funnel tbody tr")], "how many there are")
    assert sum(now) == CAST
    eyes.see("#funnel-sum", f"{CAST} of {CAST} contacts have a stage")


def test_a_change_appears_without_reloading_in_list_funnel_and_board(eyes: Eyes, other_view: View) -> None:
    eyes.open().see("#state", "Live")
    before = int(until(lambda: cells(eyes.all("#funnel tbody tr")[0])[0], "how many MQLs there are"))
    deliver(other_view, newcomer("zoe@live.example").changes)
    eyes.see("#changes li", "zoe@live.example")
    until(lambda: int(cells(eyes.all("#funnel tbody tr")[0])[0]) == before + 1, "one more MQL")
    card = eyes.see(".column.open .card", "zoe@live.example")
    assert "due in 1 h 5" in card.text
    until(lambda: eyes.browser.execute_script(TEXTS, "#news"), "an announcement")
    deliver(other_view, newcomer("yves@live.example").changes[:1])
    until(lambda: "yves@live.example" in eyes.browser.execute_script(TEXTS, "#news"), "a second one, later")


def test_a_contact_shows_why_each_change_happened(eyes: Eyes, view: View) -> None:
    deliver(view, newcomer("why@live.example").changes)
    eyes.open().see("#changes a", "why@live.example").click()
    eyes.see("h1", "why@live.example")
    eyes.see(".place.stage", "mql")
    eyes.see(".score li", "sales-ready")
    assert [el.text.split("\n")[-1] for el in eyes.all(".score li")] == ["40", "-2.5"]
    eyes.see(".timeline .stage_changed .why", "Filled in the demo form.")
    eyes.see(".timeline .stage_changed summary", "Why").click()
    met = eyes.see(".stage_changed .evidence .met", "sales-ready form submitted")
    assert [cell.text for cell in met.find_elements(By.TAG_NAME, "td")][2:] == ["1", "at least 1"]
    unmet = eyes.see(".stage_changed .evidence .unmet", "products page")
    assert [cell.text for cell in unmet.find_elements(By.TAG_NAME, "td")][2:] == ["3", "at least 10"]
    eyes.see(".stage_changed .cause", "event e1")
    eyes.see(".stage_changed .cause", "sales-ready 40, unsubscribed -2.5")
    eyes.see(".back").click()
    eyes.see("#funnel th.name", "mql")


def test_an_open_contact_is_brought_up_to_date(eyes: Eyes, view: View) -> None:
    history = newcomer("next@live.example")
    deliver(view, history.changes)
    eyes.open("#/contact/next%40live.example").see(".place.stage", "mql")
    sal = history.wait(MINUTE).enter("sal", owner="sales")
    deliver(view, [sal])
    eyes.see(".place.stage", "sal")


def test_what_a_person_has_open_or_is_at_stays_so_when_it_is_drawn_anew(eyes: Eyes, view: View) -> None:
    history = newcomer("open@live.example")
    deliver(view, history.changes)
    eyes.open("#/contact/open%40live.example").see("#state", "Live")
    eyes.see(".timeline .stage_changed summary", "Why").click()
    deliver(view, [history.wait(MINUTE).enter("sal", owner="sales")])
    eyes.see(".place.stage", "sal")
    eyes.see(".evidence .met", "sales-ready form submitted")
    assert eyes.browser.switch_to.active_element.tag_name == "summary"
    eyes.see(".back").click()
    link = eyes.see("#changes a", "open@live.example")
    eyes.browser.execute_script("arguments[0].focus()", link)
    deliver(view, newcomer("more@live.example").changes)
    eyes.see("#changes li", "more@live.example")
    assert eyes.browser.switch_to.active_element.text == "open@live.example"


def test_a_contact_is_found_by_the_beginning_of_its_id(eyes: Eyes, view: View) -> None:
    deliver(view, newcomer("quentin@find.example").changes)
    eyes.open().see("#state", "Live")  # else the page may ask for the contact once more, any moment
    eyes.see("#wanted").send_keys("quen")
    until(lambda: eyes.all("#near option[value='quentin@find.example']"), "a suggestion")
    eyes.press(Keys.ENTER)
    eyes.see("#contact", "No contact of this id")
    assert "404" in until(eyes.complaints, "the browser's note of it")[0]
    eyes.see("#contact .near a", "quentin@find.example").click()
    eyes.see("h1", "quentin@find.example")


def test_text_of_others_never_becomes_markup(eyes: Eyes, view: View) -> None:
    deliver(view, newcomer(MARKUP, summary=MARKUP).changes)
    eyes.open().see("#changes li", MARKUP).find_element(By.CSS_SELECTOR, "a").click()
    eyes.see("h1", MARKUP)
    eyes.see(".timeline .why", MARKUP)
    assert eyes.all("main img, main .why b") == []
    assert eyes.browser.title.startswith("<img")


def test_sources_are_shown_by_the_touch_that_is_chosen(eyes: Eyes, other_view: View) -> None:
    history = History("sources@live.example", NOW - 2 * MINUTE)
    touch = {"event_id": "e1", "event_type": "page_view", "at": NOW}
    told = why(first_touch={**touch, "source": MARKUP}, last_touch={**touch, "source": f"{LONG}{LONG}"})
    history.enter("mql", why=told)
    deliver(other_view, history.changes)
    eyes.size(320, 800)
    eyes.open().see("#sources .share", MARKUP)
    choice = Select(eyes.see("#touch"))
    choice.select_by_visible_text("last touch")
    assert "100%" in eyes.see("#sources .share", LONG).text
    assert eyes.browser.execute_script("return document.documentElement.scrollWidth") <= 320
    assert eyes.browser.execute_script(WIDER) == []
    choice.select_by_visible_text("the touch that led there")
    eyes.see("#sources .share", "none told")
    assert eyes.all("#sources img, #sources .name b") == []


def ended(contact: str, action: str, days: int, reason: str | None = None) -> Sequence[Change]:
    """One contact's hand-off that ended so many days ago, in time."""
    history = History(contact, NOW - days * DAY)
    given: dict[str, Any] = {"handoff": f"h-{contact}", "accept_by": history.at + 2 * HOUR}
    history.handoff("offered", **given)
    history.wait(90 * MINUTE).handoff(action, actor="sam.ortiz", reason=reason, **given)
    return history.changes


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_how_sales_answered_is_shown_of_the_period_that_is_chosen(
    eyes: Eyes, other_view: View, width: int, scheme: str
) -> None:
    deliver(other_view, ended("c1", "accepted", 10))
    deliver(other_view, ended("c2", "rejected", 10, MARKUP))
    deliver(other_view, ended("c3", "rejected", 40, f"{LONG}{LONG}"))
    deliver(other_view, ended("c4", "rejected", 40))
    eyes.size(width, 800)
    eyes.scheme(scheme)
    eyes.open().see("#answers .share", MARKUP)
    eyes.see("#answers .accepted h3", "50%")
    eyes.see("#answers-sum", "median time to answer 1 h 30 min")
    choice = Select(eyes.see("#period"))
    choice.select_by_visible_text("all time")
    for place, text in (
        (".accepted h3", "25%"), (".open h3", "100%"), (".share", LONG), (".share", "none given"),
        (".share .number", "33.3%"), (".share .number", "0 of 3"),
    ):  # fmt: skip
        eyes.see(f"#answers {place}", text)
    assert eyes.browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert eyes.browser.execute_script(WIDER) == []
    assert eyes.browser.execute_script(CONTRAST) == []
    assert eyes.all("#answers img, #answers .name b") == []
    choice.select_by_visible_text("the last 7 days")
    eyes.see("#answers", "No hand-off was answered, expired or overdue in this period.")


def test_what_is_costly_is_read_again_some_time_after_the_page_opened_and_after_a_change(
    eyes: Eyes, other_view: View
) -> None:
    def asked(times: int) -> bool:
        told: str = eyes.browser.execute_script(ASKED)
        return told.count("/api/sources") >= times and told.count("/figures") >= times

    deliver(other_view, ended("c1", "accepted", 1))
    with eyes.beginning_with("const wait = setTimeout; setTimeout = (run, ms) => wait(run, ms / 60)"):
        eyes.open().see("#answers .share", "accepted")
        until(lambda: asked(2), "the first and the second question about both")
        deliver(other_view, ended("c2", "accepted", 1))
        until(lambda: asked(3), "the third")


def test_a_page_whose_costly_panels_cannot_be_read_is_live_all_the_same(eyes: Eyes, view: View) -> None:
    with eyes.blocking("*/api/sources*", "*/figures*"):
        eyes.open().see("#changes li")
        until(lambda: "/api/sources" in eyes.browser.execute_script(ASKED), "the question of sources")
        until(lambda: "/figures" in eyes.browser.execute_script(ASKED), "the question of answers")
        deliver(view, newcomer("live@sources.example").changes)
        eyes.see("#changes li", "live@sources.example")
        eyes.see("#state", "Live")
        assert not eyes.browser.find_element(By.ID, "problem").is_displayed()


def test_what_could_not_be_read_is_read_again(eyes: Eyes) -> None:
    with eyes.blocking("*/api/funnel*"):
        eyes.open().see("#state", "Waiting")
    eyes.see("#state", "Live")
    eyes.see("#funnel th.name", "mql")


def test_an_earlier_contact_whose_answer_comes_later_is_not_shown_over_the_newer_one(
    eyes: Eyes, view: View
) -> None:
    for contact in ("slow", "quick"):
        deliver(view, newcomer(contact).changes)
    with eyes.beginning_with(SLOW):
        eyes.open().see("#state", "Live")
        eyes.browser.execute_script("location.hash = '#/contact/slow'")
        until(lambda: eyes.browser.execute_script("return 'answerSlow' in window"), "the first question")
        eyes.browser.execute_script("location.hash = '#/contact/quick'")
        eyes.see("h1", "quick")
        eyes.browser.execute_async_script("answerSlow(); setTimeout(arguments[0], 500)")
        eyes.see("h1", "quick")


def test_what_is_new_when_the_page_reads_afresh_is_marked_and_announced(
    eyes: Eyes, view: View, other_view: View, valkey: LocalServer
) -> None:
    del other_view
    eyes.open().see("#changes", "Nothing yet")
    show(connect(url(valkey.port)), view.name)
    eyes.see("#changes li.new")
    until(lambda: "30 new changes" in eyes.browser.execute_script(TEXTS, "#news"), "an announcement")


def test_the_keyboard_is_enough(eyes: Eyes) -> None:
    eyes.open().see("#changes li")
    eyes.press(Keys.TAB)
    assert eyes.browser.switch_to.active_element.text == "Skip to the content"
    eyes.press(Keys.ENTER)
    assert eyes.browser.switch_to.active_element.get_attribute("id") == "main"
    eyes.press(Keys.TAB)
    first = eyes.browser.switch_to.active_element
    assert "contact" in str(first.get_attribute("class"))
    eyes.press(Keys.ENTER)
    eyes.see("#contact .back")
    assert eyes.browser.switch_to.active_element.get_attribute("id") == "main"


@pytest.mark.parametrize("path", ["", "#/contact/wide%40live.example"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_nothing_is_wider_than_the_screen(eyes: Eyes, view: View, width: int, path: str) -> None:
    deliver(view, newcomer("wide@live.example").changes)
    eyes.size(width, 800)
    eyes.open(path).see("#state", "Live")
    eyes.see("main h1, #funnel th.name")
    assert eyes.browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "#/contact/seen%40live.example", "login"])
def test_all_text_stands_out_from_its_ground(eyes: Eyes, view: View, scheme: str, path: str) -> None:
    deliver(view, newcomer("seen@live.example").changes)
    eyes.scheme(scheme)
    eyes.open(path).see("main h1, #funnel th.name")
    assert eyes.browser.execute_script(CONTRAST) == []


def test_with_a_token_the_page_is_reached_through_the_form(eyes: Eyes, valkey: LocalServer) -> None:
    with serving(url(valkey.port), STAGELINE_TOKEN=TOKEN) as (address, _):
        guarded = Eyes(eyes.browser, address).open()
        guarded.see("#token").send_keys("wrong", Keys.ENTER)
        guarded.see("#wrong", "That is not the token.")
        guarded.see("#token").send_keys(TOKEN, Keys.ENTER)
        guarded.see("#state", "Live")
        guarded.see("#funnel th.name", "mql")
        eyes.open()


@pytest.mark.parametrize("path", ["", "#/contact/long-stage"])
@pytest.mark.parametrize("width", [320, 768, 1280])
def test_long_names_of_stages_break(eyes: Eyes, view: View, width: int, path: str) -> None:
    history = History("long-stage", NOW - 2 * MINUTE)
    history.enter(LONG)
    history.handoff("offered", "h-long-stage", stage=LONG, to=LONG, accept_by=1)  # first on the board
    deliver(view, history.changes)
    eyes.size(width, 800)
    eyes.open(path).see("#state", "Live")
    place = ".place.stage b" if path else ".card .facts span"
    until(lambda: LONG in eyes.browser.execute_script(TEXTS, place), f"{LONG} in {place}")
    assert eyes.browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert eyes.browser.execute_script(WIDER) == []


def test_a_restarted_server_is_found_again(eyes: Eyes, valkey: LocalServer) -> None:
    port = str(free_port())
    with serving(url(valkey.port), "--port", port) as (address, _):
        other = Eyes(eyes.browser, address).open()
        other.see("#state", "Live")
    other.see("#state", "Reconnecting")
    with serving(url(valkey.port), "--port", port):
        other.see("#state", "Live")
        eyes.open().see("#state", "Live")
    eyes.complaints()  # the browser noted that the server was away


def test_a_redis_that_is_away_is_told_and_found_again(eyes: Eyes, valkey: LocalServer) -> None:
    eyes.open().see("#state", "Live")
    eyes.see("#sources .share")
    eyes.see("#answers .share")  # all is read: nothing more is refused
    valkey.kill()
    eyes.see("#problem", "Redis does not answer")
    valkey.start()
    eyes.see("#problem", "Nothing has been projected yet")
    cast_shown(valkey)
    eyes.see("#state", "Live")
    eyes.complaints()  # the browser may have noted refusals
