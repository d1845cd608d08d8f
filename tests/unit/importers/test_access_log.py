from collections import Counter
from pathlib import Path

import pytest

from processors.feeds.items import Item, Refused, Row, Skipped
from processors.feeds.lines import Line, open_input
from processors.importers.access_log import Site, newest, read_log
from processors.importers.path_rules import PathRules

KEY = b"k" * 32
SITE = Site(key=KEY, url="https://www.semicomplete.com", host="semicomplete.com")
LOG = Path(__file__).parents[2] / "data" / "access.log.gz"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def line(number: int = 1, /, **given: str) -> Line:
    part = {"host": "203.0.113.9", "time": "17/May/2015:10:05:03 +0000", "request": "GET /a HTTP/1.1",
            "status": "200", "referrer": "-", "agent": BROWSER} | given  # fmt: skip
    text = '{host} - - [{time}] "{request}" {status} 12 "{referrer}" "{agent}"\n'.format(**part)
    return Line(number=number, data=text.encode())


def read(*lines: Line, site: Site = SITE) -> list[Item]:
    return list(read_log(lines, site))


def row(item: Item) -> Row:
    assert isinstance(item, Row)
    return item


@pytest.fixture(scope="module")
def real() -> list[Item]:
    with open_input(str(LOG)) as source:
        return list(read_log(source.lines, SITE))


def test_the_real_log_gives_what_people_read_and_downloaded(real: list[Item]) -> None:
    rows = [item for item in real if isinstance(item, Row)]
    assert Counter(item.event["type"] for item in rows) == {"page_view": 1581, "asset_download": 39}
    assert len({item.event["anonymous_id"] for item in rows}) == 947
    assert len({item.event["event_id"] for item in rows}) == len(rows)


def test_every_line_of_the_real_log_is_accounted_for(real: list[Item]) -> None:
    assert [item.line for item in real] == list(range(1, 10_001))
    assert Counter(item.reason for item in real if isinstance(item, Skipped)) == {
        "asset": 5339,
        "bot": 2476,
        "status 4xx": 206,
        "status 3xx": 163,
        "no user agent": 95,
        "not a GET request": 48,
        "piece of a file (206)": 45,
        "feed": 5,
        "status 5xx": 2,
    }
    assert [item.line for item in real if isinstance(item, Refused)] == [8899]


def test_no_address_of_the_real_log_is_in_any_event(real: list[Item]) -> None:
    rows = [item for item in real if isinstance(item, Row)]
    addresses = {item.original.split(b" ", 1)[0].decode() for item in rows}
    events = "\n".join(str(item.event) for item in rows)
    assert not [address for address in addresses if address in events]


def test_importing_a_log_twice_gives_the_same_events(real: list[Item]) -> None:
    with open_input(str(LOG)) as source:
        assert list(read_log(source.lines, SITE)) == real


def test_a_page_view_carries_url_visitor_time_and_origin() -> None:
    (item,) = read(line(request="GET /products/a?x=1 HTTP/2.0", referrer="https://www.google.com/"))
    event = row(item).event
    assert (event["type"], event["url"]) == ("page_view", "https://www.semicomplete.com/products/a?x=1")
    assert (event["source"], event["medium"], event["occurred_at"]) == (
        "google",
        "organic",
        1_431_857_103_000,
    )
    assert (event["contact_id"], event["email"]) == (None, None)


def test_two_equal_requests_of_one_second_are_two_events_and_stay_those_two() -> None:
    first, second = read(line(1), line(2))
    assert row(first).event["event_id"] != row(second).event["event_id"]
    assert read(line(1), line(2)) == [first, second]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"request": "POST /a HTTP/1.1"}, "not a GET request"),
        ({"request": "HEAD /a HTTP/1.1"}, "not a GET request"),
        ({"status": "404"}, "status 4xx"),
        ({"status": "301"}, "status 3xx"),
        ({"status": "206"}, "piece of a file (206)"),
        ({"agent": "-"}, "no user agent"),
        ({"agent": "Googlebot/2.1"}, "bot"),
        ({"request": "GET /robots.txt HTTP/1.1"}, "asset"),
    ],
)
def test_what_nobody_read_is_skipped_with_its_reason(given: dict[str, str], reason: str) -> None:
    assert read(line(7, **given)) == [Skipped(line=7, reason=reason)]


def test_a_page_read_again_from_the_browsers_cache_counts() -> None:
    assert row(*read(line(status="304"))).event["type"] == "page_view"


def test_a_download_is_told_by_its_path_or_by_the_rule_for_it() -> None:
    rules = PathRules.model_validate(
        {
            "rules": [
                {"path": "/guide*", "as": "asset_download", "asset": "guide", "buying_stage": "awareness"}
            ]
        }
    )
    site = Site(key=KEY, rules=rules)
    request = {"request": "GET /guide.pdf?dl=1 HTTP/1.1"}
    (plain,), (ruled,) = read(line(**request)), read(line(**request), site=site)
    assert (row(plain).event["asset"], row(plain).event["buying_stage"]) == ("/guide.pdf", None)
    assert (row(ruled).event["asset"], row(ruled).event["buying_stage"]) == ("guide", "awareness")


def test_content_has_its_kind() -> None:
    rules = PathRules.model_validate(
        {"rules": [{"path": "/cast/**", "as": "content_view", "kind": "podcast"}]}
    )
    event = row(*read(line(request="GET /cast/7 HTTP/1.1"), site=Site(key=KEY, rules=rules))).event
    assert (event["type"], event["content"], event["kind"]) == ("content_view", "/cast/7", "podcast")


def test_a_log_can_be_moved_so_that_its_newest_request_falls_on_a_given_time() -> None:
    lines = [line(time="17/May/2015:10:05:03 +0000"), line(time="17/May/2015:10:05:01 +0000")]
    latest = newest([*lines, Line(number=3, data=b"broken")])
    assert latest == 1_431_857_103_000
    moved = read(*lines, site=Site(key=KEY, shift_ms=1_772_357_400_000 - latest))
    assert [row(item).event["occurred_at"] for item in moved] == [1_772_357_400_000, 1_772_357_398_000]


def test_a_log_without_a_readable_line_has_no_newest_time() -> None:
    assert newest([Line(number=1, data=b"broken")]) is None


def test_a_url_longer_than_any_event_may_hold_is_refused_not_cut() -> None:
    (item,) = read(line(request=f"GET /{'a' * 9_000} HTTP/1.1"))
    assert isinstance(item, Refused)
    assert "more than the 8,192 allowed" in item.reason
