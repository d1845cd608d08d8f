"""The page of `stageline diff --page`, opened from the disk in a real browser."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from selenium.webdriver.common.keys import Keys

from processors.cli.main import main
from tests.builders.lab import FILE, VIEWS, end, history, view, write
from tests.e2e.eyes import CONTRAST, Eyes, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium import webdriver

MARKUP = "</script><img src=x onerror=document.title='taken'><b>bold</b>"
FORMULA = "=1+1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files and a log in which some have ids that no one should have; the page and its CSV."""
    folder = tmp_path_factory.mktemp("comparison")
    (folder / "now.yaml").write_text(FILE)
    (folder / "then.yaml").write_text(FILE.replace("at_least: 2", "at_least: 3").replace("1.0.0", "1.1.0"))
    many = [view(f"p{number:03}", day) for number in range(40) for day in (6, 7)]
    odd = [view(contact, day) for contact in (MARKUP, FORMULA, "a/b?c#d e") for day in (8, 9)]
    write(folder / "log.ndjson", [*history()[:-1], *many, *odd, end(60)])
    words = [
        "diff",
        "--from",
        "now.yaml",
        "--to",
        "then.yaml",
        "--events",
        "log.ndjson",
        "--page",
        "out.html",
    ]
    words = [str(folder / word) if "." in word else word for word in words]
    assert CliRunner().invoke(main, words).exit_code == 0
    return folder


@pytest.fixture
def eyes(browser: webdriver.Chrome, folder: Path) -> Iterator[Eyes]:
    eyes = Eyes(browser, (folder / "out.html").as_uri())
    eyes.size(1280, 900)
    eyes.scheme("light")
    eyes.complaints()
    yield eyes
    assert eyes.complaints() == []  # of scripts, nor of the page's own security policy


def test_the_overview_tells_who_moves_where_and_why(eyes: Eyes) -> None:
    eyes.open().see("h1", "small@1.0.0 → small@1.1.0")
    eyes.see(".places", "44")  # bob, the 40 and the 3
    eyes.see(".drawing svg text", "mql")
    assert [cell.text for cell in eyes.all("section:nth-of-type(2) tbody td")][:4] == [
        "mql",
        "44",
        "0",
        "\N{MINUS SIGN}44",
    ]
    eyes.see("#list tr", "bob").find_element("css selector", "a")
    assert len(eyes.all("#list tbody tr")) == 25
    eyes.see("button.more", "Show 19 more").click()
    until(lambda: len(eyes.all("#list tbody tr")) == 44, "all contacts")


def test_a_ribbon_narrows_the_list_to_its_contacts(eyes: Eyes) -> None:
    eyes.open().see("#list")
    (ribbon,) = eyes.all(".drawing a")
    assert ribbon.get_attribute("aria-label") == "mql → none: 44"
    eyes.browser.execute_script("arguments[0].focus()", ribbon)
    eyes.press(Keys.ENTER)
    eyes.see("#contacts-sum", "mql → none: 44 would stand elsewhere")
    eyes.see("#contacts-sum a", "show all moves").click()
    eyes.see("#contacts-sum", "44 would stand elsewhere")


def test_a_contact_is_searched_for_and_explained_on_both_sides(eyes: Eyes) -> None:
    eyes.open().see("#wanted").send_keys("bo")
    until(lambda: eyes.all("#near option[value='bob']"), "a suggestion")
    eyes.see("#wanted").send_keys("b", Keys.ENTER)
    eyes.see("h1", "bob")
    before, after = eyes.all(".sides .panel")
    assert "mql" in before.text
    assert "view at least 2 times within 30 days" in before.text
    assert "stages.mql.enter" in before.text
    assert "no stage" in after.text
    assert "Why not mql" in after.text
    assert "view at least 3 times within 30 days" in after.text


def test_a_contact_that_stays_is_explained_too_and_an_unknown_one_is_said_to_be(eyes: Eyes) -> None:
    eyes.open("#/contact/ann").see("h1", "ann")
    assert [side.text for side in eyes.all(".stands")] == ["customer", "customer"]
    eyes.open("#/contact/zoe").see("#contact", "stageline why")


def test_text_of_others_never_becomes_markup(eyes: Eyes) -> None:
    eyes.open().see("#list tr", "</script><img").find_element("css selector", "a").click()
    eyes.see("h1", MARKUP)
    eyes.open("#/contact/a%2Fb%3Fc%23d%20e").see("h1", "a/b?c#d e")
    assert eyes.all("main img, main h1 b") == []
    assert eyes.browser.title == "small@1.0.0 → small@1.1.0 · Stageline"


def test_the_file_beside_it_has_every_difference_and_no_formula(folder: Path, eyes: Eyes) -> None:
    link = eyes.open().see("#contacts-sum a", "All as CSV")
    assert str(link.get_attribute("href")) == (folder / "out.csv").as_uri()
    rows = list(csv.DictReader((folder / "out.csv").open(encoding="utf-8")))
    assert len(rows) == 44
    assert {row["contact_id"] for row in rows} >= {"bob", MARKUP, "'=1+1"}


def test_the_keyboard_is_enough(eyes: Eyes) -> None:
    eyes.open().see("#list tr")
    eyes.press(Keys.TAB)
    assert eyes.browser.switch_to.active_element.text == "Skip to the content"
    eyes.press(Keys.ENTER)
    assert eyes.browser.switch_to.active_element.get_attribute("id") == "main"
    reached = set()
    for _step in range(12):
        eyes.press(Keys.TAB)
        one = eyes.browser.switch_to.active_element
        reached.add(one.get_attribute("class") or one.tag_name)
    assert {"drawing", "down", "move stage", "summary", "contact"} <= reached


@pytest.mark.parametrize("path", ["", "#/contact/bob"])
@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_is_wider_than_the_screen(eyes: Eyes, width: int, path: str) -> None:
    eyes.size(width, 800)
    eyes.open(path).see("main h1")
    assert eyes.browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "#/contact/bob"])
def test_all_text_stands_out_from_its_ground(eyes: Eyes, scheme: str, path: str) -> None:
    eyes.scheme(scheme)
    eyes.open(path).see("main h1")
    assert eyes.browser.execute_script(CONTRAST) == []


def test_everybody_who_is_in_the_log_is_in_the_page(eyes: Eyes) -> None:
    for contact in VIEWS:
        eyes.open(f"#/contact/{contact}").see("h1", contact)
