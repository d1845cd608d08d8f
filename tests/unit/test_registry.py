"""The registry's client against a small HTTP server that answers as the Confluent API does."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from processors.cli.worker import _schema_by_id
from processors.settings import load_settings
from schemas import codec
from schemas.errors import LifecycleError, SchemaError
from schemas.events import NEWEST
from schemas.registry import REFUSED_S, Registry
from tests.builders.samples import in_confluents_format, sample

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server(ThreadingHTTPServer):
    """Holds schemas by id; counts what it is asked and keeps the last authorization."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.authorization: str | None = None
        self.status = 200
        self.body: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://ada:s%40fe@127.0.0.1:{self.server_port}/apis/ccompat/v7/"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.authorization = self.headers["authorization"]
        answer = self.server.answers.get(int(self.path.rsplit("/", 1)[1]))
        self.send_response(404 if answer is None else self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body or json.dumps(answer or {"error_code": 40403}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def text(name: str) -> str:
    return json.dumps(dict(NEWEST[name].schema))


def test_an_event_in_confluents_format_is_read_with_the_registrys_id(server: Server) -> None:
    server.answers[7] = {"schema": text("page_view")}
    event = sample("page_view")
    assert codec.decode(in_confluents_format(event, 7), Registry(server.url).record) == event


def test_an_id_is_asked_for_once_with_the_credentials(server: Server) -> None:
    server.answers[7] = {"schema": text("page_view"), "schemaType": "AVRO"}
    registry = Registry(server.url)
    assert registry.record(7) is registry.record(7) is NEWEST["page_view"]
    assert server.asked == ["/apis/ccompat/v7/schemas/ids/7"]
    assert server.authorization == f"Basic {b64encode(b'ada:s@fe').decode()}"


def test_another_spelling_of_our_schema_is_ours(server: Server) -> None:
    schema = deepcopy(dict(NEWEST["page_view"].schema))
    for field in schema["fields"]:
        field.pop("doc", None)
        if field["type"] == "string":
            field["type"] = {"type": "string", "avro.java.string": "String"}
    server.answers[7] = {"schema": json.dumps(schema)}
    assert Registry(server.url).record(7) is NEWEST["page_view"]


def test_an_unknown_id_is_refused_and_asked_for_again_only_after_a_while(server: Server) -> None:
    now = [1000.0]
    registry = Registry(server.url, clock=lambda: now[0])
    for _ in range(3):
        with pytest.raises(SchemaError, match="schema id 9: the registry does not know it"):
            registry.record(9)
    assert len(server.asked) == 1
    server.answers[9] = {"schema": text("page_view")}
    now[0] += REFUSED_S
    assert registry.record(9) is NEWEST["page_view"]


def changed(record: str, **change: object) -> str:
    return json.dumps(dict(NEWEST[record].schema) | change)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"schema": changed("page_view", name="PageView")}, "schema 'PageView' is not one of ours"),
        ({"schema": changed("page_view", fields=[])}, "not one of ours"),
        ({"schema": text("deal_changed").replace('"scale": 3', '"scale": 2')}, "decimals of another scale"),
        ({"schema": '{"type":"array","items":"null"}'}, "not one of ours"),
        ({"schema": '{"type":"record","name":"a","fields":[{"name":"a","type":"a"}]}'}, "not one of ours"),
        ({"schema": "["}, "not JSON"),
        ({"schema": "[" * 100_000}, "not JSON"),
        ({"schema": "[" * 600 + "]" * 600}, "nested too deeply"),
        ({"schema": "7"}, "not an Avro schema"),
        ({"schema": "message A {}", "schemaType": "PROTOBUF"}, "not an Avro schema"),
        ({"schema": text("page_view"), "references": [{"name": "x"}]}, "refers to other schemas"),
    ],
)
def test_a_schema_that_is_not_ours_is_refused(server: Server, answer: dict[str, Any], reason: str) -> None:
    server.answers[7] = answer
    with pytest.raises(SchemaError, match=f"schema id 7: .*{reason}"):
        Registry(server.url).record(7)


def test_a_registry_that_refuses_us_is_not_the_events_fault(server: Server) -> None:
    server.answers[7] = {"schema": text("page_view")}
    server.status = 401
    with pytest.raises(ConnectionError, match="answered 401") as refusal:
        Registry(server.url).record(7)
    assert "s@fe" not in str(refusal.value)
    assert "s%40fe" not in str(refusal.value)


def test_an_address_that_is_no_registry_is_not_the_events_fault(server: Server) -> None:
    server.answers[7] = {"welcome": 1}
    with pytest.raises(ConnectionError, match="answered 200, no schema: is it a registry's Confluent API"):
        Registry(server.url).record(7)
    server.status = 404
    with pytest.raises(ConnectionError, match="answered 404, no schema"):
        Registry(server.url).record(7)
    server.status, server.body = 200, b"<html>"
    with pytest.raises(ConnectionError, match="answered 200, no schema"):
        Registry(server.url).record(7)


def test_a_registry_that_is_gone_is_not_the_events_fault(server: Server) -> None:
    registry = Registry(server.url)
    server.shutdown()
    server.server_close()
    with pytest.raises(ConnectionError, match="cannot be reached"):
        registry.record(7)


def test_a_worker_looks_ids_up_where_the_settings_say(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", server.url)
    server.answers[7] = {"schema": text("page_view")}
    settings = load_settings()
    look_up = _schema_by_id(settings)
    assert look_up is not None
    assert look_up(7) is NEWEST["page_view"]
    assert "s%40fe" not in repr(settings)
    assert _schema_by_id(load_settings(schema_registry_url=None)) is None


@pytest.mark.parametrize("url", ["registry:8081", "file:///etc/passwd", "http://", ""])
def test_an_address_that_is_none_is_refused_before_anything_starts(url: str) -> None:
    with pytest.raises(LifecycleError, match="must look like"):
        Registry(url)
