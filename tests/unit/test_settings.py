from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processors.settings import load_settings
from processors.stack.services import FILE, Servers, forget_services, read_services, write_services
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = Servers(bootstrap="127.0.0.1:40001", redis_url="redis://127.0.0.1:40002/0")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "BOOTSTRAP_SERVERS",
        "REDIS_URL",
        "STAGELINE_WEB_PORT",
        "STAGELINE_TOKEN",
        "STAGELINE_STORE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STAGELINE_HOME", str(tmp_path))


def test_without_environment_and_stack_the_defaults_are_loopback() -> None:
    settings = load_settings()
    assert (settings.bootstrap_servers, settings.redis_url, settings.web_host) == (
        "127.0.0.1:9092",
        "redis://127.0.0.1:6379/0",
        "127.0.0.1",
    )


def test_the_running_local_stack_is_found_by_itself(tmp_path: Path) -> None:
    write_services(tmp_path, LOCAL)
    settings = load_settings()
    assert (settings.bootstrap_servers, settings.redis_url) == (LOCAL.bootstrap, LOCAL.redis_url)


def test_the_environment_wins_over_the_local_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_services(tmp_path, LOCAL)
    monkeypatch.setenv("BOOTSTRAP_SERVERS", "kafka.example:9092")
    settings = load_settings()
    assert (settings.bootstrap_servers, settings.redis_url) == ("kafka.example:9092", LOCAL.redis_url)


def test_a_given_value_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://one:1")
    assert load_settings(redis_url="redis://two:2").redis_url == "redis://two:2"


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTSTRAP_SERVERS", "")
    assert load_settings().bootstrap_servers == "127.0.0.1:9092"


def test_a_wrong_value_is_refused_by_its_variables_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGELINE_WEB_PORT", "eighty")
    with pytest.raises(LifecycleError, match=r"STAGELINE_WEB_PORT='eighty'"):
        load_settings()


def test_the_token_is_not_shown_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGELINE_TOKEN", "not-for-logs")
    assert "not-for-logs" not in repr(load_settings())


def test_a_forgotten_stack_is_no_longer_found(tmp_path: Path) -> None:
    write_services(tmp_path, LOCAL)
    forget_services(tmp_path)
    assert read_services(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"bootstrap": "a"}', '{"bootstrap": "a", "redis_url": "b", "x": 1}']
)
def test_a_damaged_services_file_names_itself_and_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(LifecycleError, match=r"services\.json.*Remove it"):
        load_settings()


def test_a_store_that_there_is_not_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().store == "memory"
    monkeypatch.setenv("STAGELINE_STORE", "floppy")
    with pytest.raises(LifecycleError, match=r"STAGELINE_STORE='floppy'"):
        load_settings()


@pytest.mark.parametrize("text", ["kafka", "a:1,b:65535", "a:9092, b:9092", "[::1]:9092", "10.0.0.1:9092"])
def test_addresses_of_brokers_are_taken_as_they_are(text: str) -> None:
    assert load_settings(bootstrap_servers=text).bootstrap_servers == text


@pytest.mark.parametrize(
    "text", ["a:b:c", "a:0", "a:65536", ",", "a:1,", "[::1", "a b", "http://a:9092", " "]
)
def test_addresses_that_no_client_can_read_are_refused_with_the_form(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTSTRAP_SERVERS", text)
    with pytest.raises(LifecycleError) as refused:
        load_settings()
    assert str(refused.value) == (
        f"BOOTSTRAP_SERVERS={text!r}: write host:port, and a comma between several."
    )
