import pytest

from processors.importers.referrers import Origin, host_of, origin_of

OWN = "acme.example"


@pytest.mark.parametrize(
    ("referrer", "source", "medium"),
    [
        ("", "direct", "none"),
        ("https://www.google.co.uk/search?q=x", "google", "organic"),
        ("http://de.search.yahoo.com/", "yahoo", "organic"),
        ("https://r.duckduckgo.com/l/?u=x", "duckduckgo", "organic"),
        ("https://docs.google.com/viewer", "docs.google.com", "referral"),
        ("https://News.Other.example:8443/post", "news.other.example", "referral"),
        ("https://www.acme.example/pricing", None, None),
        ("not a url", None, None),
        ("http://[::1", None, None),
        (r"http://\xe4\xe5.example/", None, None),
    ],
)
def test_the_referring_page_tells_source_and_medium(
    referrer: str, source: str | None, medium: str | None
) -> None:
    assert origin_of("/a", referrer, OWN) == Origin(source=source, medium=medium)


def test_utm_parameters_win_over_the_referring_page() -> None:
    target = "/a?utm_source=Newsletter&utm_medium=email&utm_campaign=spring+sale"
    assert origin_of(target, "https://www.google.com/", OWN) == Origin(
        source="Newsletter", medium="email", campaign="spring sale"
    )


def test_a_campaign_without_a_source_keeps_the_source_of_the_referring_page() -> None:
    assert origin_of("/a?utm_campaign=spring", "https://www.google.com/", OWN) == Origin(
        source="google", medium="organic", campaign="spring"
    )


def test_a_query_of_countless_parameters_is_not_searched() -> None:
    assert origin_of("/a?utm_source=x&" + "a=1&" * 5_000, "", OWN) == Origin(source="direct", medium="none")


def test_a_host_is_compared_without_www_and_case() -> None:
    assert host_of("HTTPS://WWW.Acme.Example.:443/x") == "acme.example"
