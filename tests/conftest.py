"""Real servers for tests: the ones given by the environment, else containers, else the local stack.

A test that needs a server never runs without one: if none can be had, it fails and says why.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET
from processors.stack.valkey import url, valkey_server
from tests.builders.containers import docker_answers, kafka_container, valkey_container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer


@pytest.fixture(scope="session")
def bootstrap_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Kafka of the whole session answers. Do not stop it: for that, take `broker`."""
    if given := os.environ.get("BOOTSTRAP_SERVERS"):
        yield given
    elif docker_answers():
        with kafka_container() as address:
            yield address
    else:
        with _running(kafka_server(tmp_path_factory.mktemp("session"), QUIET)) as server:
            yield server.address


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Valkey of the whole session answers. Do not stop it: for that, take `valkey`."""
    if given := os.environ.get("REDIS_URL"):
        yield given
    elif docker_answers():
        with valkey_container() as address:
            yield address
    else:
        with _running(valkey_server(tmp_path_factory.mktemp("session"), QUIET)) as server:
            yield url(server.port)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A Kafka of the module's own, to be killed, paused and restarted at will."""
    with _running(kafka_server(tmp_path_factory.mktemp("broker"), QUIET)) as server:
        yield server


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A Valkey of the module's own, to be killed, paused and restarted at will."""
    with _running(valkey_server(tmp_path_factory.mktemp("valkey"), QUIET)) as server:
        yield server


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Turn a name into one that no other test uses: topics and groups outlive a test on a shared broker."""
    mark = uuid4().hex[:8]
    return lambda name: f"{name}-{mark}"


@contextmanager
def _running(server: LocalServer) -> Iterator[LocalServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()
