from pathlib import Path

import pytest

from processors.importers.path_rules import NO_RULES, PathRules, Rule, load_rules
from schemas.errors import LifecycleError


def as_(verdict: Rule | str) -> str:
    return verdict if isinstance(verdict, str) else verdict.as_


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "page_view"),
        ("/projects/xdotool/", "page_view"),
        ("/blog/post.html", "page_view"),
        ("/guide.pdf.html", "page_view"),
        ("/release-1.2", "page_view"),
        ("/files/Guide.PDF", "asset_download"),
        ("/files/tool.tar.gz", "asset_download"),
        ("/files/tool.7z", "asset_download"),
        ("/style.css", "asset"),
        ("/images/a.png", "asset"),
        ("/scripts/a.py", "asset"),
        ("/feed", "feed"),
        ("/blog/feed/", "feed"),
        ("/index.rss", "feed"),
    ],
)
def test_without_a_rule_the_ending_decides(path: str, expected: str) -> None:
    assert as_(NO_RULES.verdict(path, "")) == expected


def test_a_feed_is_recognised_by_its_query_too() -> None:
    assert NO_RULES.verdict("/blog/tags/puppet", "flav=rss20") == "feed"


RULES = """
rules:
  - {path: /guides/*.html, as: asset_download, asset: guide, buying_stage: awareness, gated: true}
  - {path: /podcast/**, as: content_view, kind: podcast}
  - {path: /admin/**, as: ignore}
  - {path: /**/print, as: ignore}
"""


@pytest.fixture
def rules(tmp_path: Path) -> PathRules:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, "utf-8")
    return load_rules(file)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/guides/one.html", "asset_download"),
        ("/guides/deeper/one.html", "page_view"),
        ("/guides/onexhtml", "page_view"),
        ("/podcast", "content_view"),
        ("/podcast/1/2", "content_view"),
        ("/podcasts", "page_view"),
        ("/admin/a.pdf", "ignored by a rule"),
        ("/blog/post/print", "ignored by a rule"),
    ],
)
def test_the_first_rule_that_matches_decides(rules: PathRules, path: str, expected: str) -> None:
    assert as_(rules.verdict(path, "")) == expected


def test_a_rule_carries_what_the_download_is(rules: PathRules) -> None:
    verdict = rules.verdict("/guides/one.html", "")
    assert isinstance(verdict, Rule)
    assert (verdict.asset, verdict.buying_stage, verdict.gated) == ("guide", "awareness", True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [{path: /a, as: page_veiw}]", r":1:24: Input should be 'page_view'"),
        ("rules: [{path: a, as: ignore}]", r":1:16: String should match pattern '\^/'"),
        (
            "rules: [{path: /a, as: ignore, gatd: true}]",
            r":1:32: unknown key 'gatd'(.|\n)*did you mean 'gated'",
        ),
        ("rules: [{path: /a, path: /b, as: ignore}]", r":1:20: the key 'path' appears twice"),
        ("rules: [{as: ignore}]", r":1:9: Field required"),
        ("rules: &a [*a]", r":1:8: '&a' is an anchor"),
        ("rules: [", r":1:9: not valid YAML"),
        ("", r":1:1: Input should be"),
        ("- 1", r":1:1: Input should be"),
        ("rules: " + "[" * 5_000, "nested deeper than 40 levels"),
        ("\x00", "a control character"),
    ],
)
def test_a_broken_rules_file_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(LifecycleError, match=message):
        load_rules(file)


def test_a_missing_rules_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match="No such file"):
        load_rules(tmp_path / "none.yaml")
