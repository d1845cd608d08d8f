"""What a person sees and does in the browser."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, TypeVar

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium import webdriver
    from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")
CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")


class Eyes:
    """What a person sees and does in the browser."""

    def __init__(self, browser: webdriver.Chrome, page: str) -> None:
        self.browser = browser
        self.page = page

    def open(self, path: str = "") -> Eyes:
        self.browser.get("about:blank")  # else a change of the part after # loads nothing anew
        self.browser.get(self.page + path)
        return self

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def see(self, selector: str, text: str = "") -> WebElement:
        """Wait for a visible element with that text."""
        return until(
            lambda: next((el for el in self.all(selector) if el.is_displayed() and text in el.text), None),
            f"{selector} with {text!r}",
        )

    def size(self, width: int, height: int) -> None:
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def scheme(self, name: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": name}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    @contextmanager
    def beginning_with(self, source: str) -> Iterator[None]:
        """Make pages that are opened meanwhile run a script before any of their own."""
        script = self.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        try:
            yield
        finally:
            self.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    @contextmanager
    def blocking(self, *urls: str) -> Iterator[None]:
        """Let no page reach these addresses meanwhile."""
        self.browser.execute_cdp_cmd("Network.enable", {})
        self.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": urls})
        try:
            yield
        finally:
            self.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})

    def press(self, *keys: str) -> None:
        for key in keys:
            self.browser.switch_to.active_element.send_keys(key)

    def complaints(self) -> list[str]:
        """Errors of scripts, refused by the security policy, or not found."""
        entries = self.browser.get_log("browser")  # type: ignore[no-untyped-call] # selenium
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


def until(look: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """Look again and again until there is something."""
    end = monotonic() + seconds
    while monotonic() < end:
        try:
            if found := look():
                return found
        except StaleElementReferenceException:
            continue  # the page drew it anew meanwhile
        sleep(0.1)
    raise AssertionError(f"not seen: {what}")
