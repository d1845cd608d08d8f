from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from processors.stack import fetch
from processors.stack.jars import KAFKA, Jar, cache_folder, class_path, locked_jars
from processors.stack.local import QUIET
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"the bytes of a jar"
JAR = Jar(group="org.example", artifact="parser", version="1.2", sha256=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of JAR in the user's own Maven repository; beyond it there is no network."""
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    folder = tmp_path / "m2" / "org" / "example" / "parser" / "1.2"
    folder.mkdir(parents=True)
    return folder


def test_every_jar_of_kafka_is_of_the_pinned_version() -> None:
    ours = {jar.artifact: jar.version for jar in locked_jars() if jar.group == "org.apache.kafka"}
    assert (len(ours), set(ours.values())) == (14, {KAFKA})


def test_no_two_locked_jars_share_a_file_name_and_each_has_a_sha256() -> None:
    jars = locked_jars()
    assert [file for file, times in Counter(jar.file for jar in jars).items() if times > 1] == []
    assert {len(bytes.fromhex(jar.sha256)) for jar in jars} == {32}


def test_a_missing_jar_is_fetched_once(tmp_path: Path, repository: Path) -> None:
    (repository / JAR.file).write_bytes(CONTENT)
    cache = tmp_path / "cache"
    assert class_path(cache, (JAR,), QUIET) == str(cache / JAR.file)
    (repository / JAR.file).unlink()
    assert class_path(cache, (JAR,), QUIET) == str(cache / JAR.file)
    assert [file.name for file in cache.iterdir()] == [JAR.file]


def test_a_fetched_jar_with_other_bytes_is_refused_and_not_kept(tmp_path: Path, repository: Path) -> None:
    (repository / JAR.file).write_bytes(b"something else")
    with pytest.raises(
        LifecycleError, match=r"org\.example:parser:1\.2 is not the jar that was locked.*mend"
    ):
        class_path(tmp_path / "cache", (JAR,), QUIET)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cached_jar_that_was_tampered_with_is_refused_with_its_name_and_the_remedy(tmp_path: Path) -> None:
    (tmp_path / JAR.file).write_bytes(CONTENT + b"!")
    with pytest.raises(LifecycleError, match=r"parser-1\.2\.jar has SHA-256 .* Remove that file"):
        class_path(tmp_path, (JAR,), QUIET)


@pytest.mark.usefixtures("repository")
def test_a_jar_that_cannot_be_fetched_is_named_with_the_other_ways(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match=r"parser:1\.2 could not be fetched.*Docker.*BOOTSTRAP_SERVERS"):
        class_path(tmp_path / "cache", (JAR,), QUIET)


@pytest.mark.usefixtures("repository")
def test_jars_that_cannot_be_fetched_ahead_end_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(
        SystemExit, match=r"^Kafka's jar .* could not be fetched.*BOOTSTRAP_SERVERS and REDIS_URL\.$"
    ):
        fetch.main()


def test_nothing_is_fetched_ahead_when_all_jars_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache_folder().mkdir(parents=True)
    for jar in locked_jars():
        (cache_folder() / jar.file).touch()
    fetch.main()
    assert capsys.readouterr().out == ""


def test_the_cache_is_the_users_so_that_every_checkout_shares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert str(cache_folder()) == f"/var/cache/me/stageline/kafka-{KAFKA}"
