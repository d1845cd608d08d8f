"""Brokers of the local stack with other settings, and several of them as one cluster."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from processors.stack import kafka
from processors.stack.local import QUIET
from processors.stack.ports import HOST, free_port, remembered_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from processors.stack.server import LocalServer

CONTROLLER = "Kafka's controller"  # as its port is remembered


@contextmanager
def with_properties(changes: Mapping[str, str]) -> Iterator[None]:
    """Let brokers that start in this block have these settings."""
    lines = (line.split("=", 1) for line in kafka.PROPERTIES.splitlines() if not line.startswith("#"))
    settings = dict(lines) | dict(changes)
    text = "\n".join(f"{name}={value}" for name, value in settings.items())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kafka, "PROPERTIES", f"{text}\n")
        yield


@contextmanager
def joined(first: LocalServer, home: Path, number: int) -> Iterator[LocalServer]:
    """Let another broker take part in the cluster whose controller the first one is."""
    ports = remembered_ports(first.folder / "ports.json")
    changes = {
        "process.roles": "broker",
        "node.id": str(number),
        "controller.quorum.voters": f"1@{HOST}:{ports[CONTROLLER]}",
        "listeners": "PLAINTEXT://{host}:{broker}",
    }
    server = kafka.kafka_server(home, QUIET)
    with with_properties(changes):
        server.start()
    try:
        yield server
    finally:
        server.kill()  # asked to stop, it would wait for a controller that may be gone


@contextmanager
def asking_broker(
    home: Path, passwords: Mapping[str, str], changes: Mapping[str, str] | None = None
) -> Iterator[tuple[str, str]]:
    """Run a broker with two doors: one is open, one asks for user and password (SASL PLAIN)."""
    port = free_port()
    listener = f"SASL_PLAINTEXT://{HOST}:{port}"
    users = "".join(f' user_{user}="{password}"' for user, password in passwords.items())
    settings = {
        "listeners": f"PLAINTEXT://{{host}}:{{broker}},{listener},CONTROLLER://{{host}}:{{controller}}",
        "advertised.listeners": f"PLAINTEXT://{{host}}:{{broker}},{listener}",
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT"
        ),
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": (
            "org.apache.kafka.common.security.plain.PlainLoginModule required"
            f' username="broker" password="b" user_broker="b"{users};'
        ),
    }
    server = kafka.kafka_server(home, QUIET)
    with with_properties(settings | dict(changes or {})):
        server.start()
    try:
        yield f"{HOST}:{remembered_ports(server.folder / 'ports.json')['Kafka']}", f"{HOST}:{port}"
    finally:
        server.stop()
