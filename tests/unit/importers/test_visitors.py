from pathlib import Path

import pytest

from processors.importers.visitors import is_bot, load_key, pseudonym
from schemas.errors import LifecycleError

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_one_visitor_has_one_id_under_one_key_and_another_under_another() -> None:
    assert pseudonym(b"k" * 32, b"203.0.113.9") == pseudonym(b"k" * 32, b"203.0.113.9")
    assert pseudonym(b"k" * 32, b"203.0.113.9") != pseudonym(b"l" * 32, b"203.0.113.9")
    assert pseudonym(b"k" * 32, b"203.0.113.9") != pseudonym(b"k" * 32, b"203.0.113.8")


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "visitor.key"
    key = load_key(file)
    assert len(key) == 32
    assert load_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "ab" * 31])
def test_a_key_that_is_too_short_or_no_key_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "visitor.key"
    file.write_text(content, "utf-8")
    with pytest.raises(LifecycleError, match="expected 64 hex digits"):
        load_key(file)


def test_a_key_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LifecycleError, match="--key-file"):
        load_key(tmp_path / "file" / "visitor.key")


def test_crawlers_and_feed_readers_are_bots_and_browsers_are_not() -> None:
    assert is_bot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    assert is_bot("UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/")
    assert is_bot("curl/8.5.0")
    assert not is_bot(FIREFOX)
