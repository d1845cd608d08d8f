"""Real servers for tests, and how often a property is tried.

Servers are the ones given by the environment, else containers, else the local stack. A test that needs a
server never runs without one: if none can be had, it fails and says why.

Properties are tried with the same examples each time: CI must say the same of the same commit, and a failure
must come back on the next machine. `HYPOTHESIS_PROFILE=search` looks for what only other examples show: new
ones each time, ten times as many.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import settings

from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET
from processors.stack.valkey import url, valkey_server
from tests.builders.containers import docker_answers, kafka_container, valkey_container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer

# Examples of a property in tests/properties, and elsewhere; whether they are the same each time.
PROFILES = {"ci": (1_000, 100, True), "quick": (100, 20, True), "search": (10_000, 1_000, False)}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
for name, (properties, elsewhere, same) in PROFILES.items():
    settings.register_profile(name, max_examples=elsewhere, derandomize=same, deadline=None)
    settings.register_profile(f"{name}-properties", settings.get_profile(name), max_examples=properties)


def pytest_configure() -> None:
    """Hear Ctrl-C, and let all that tests start hear it: begun with & these tests would have it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Set the number of examples before a module is imported: that is when hypothesis notes it."""
    if isinstance(collector, pytest.Module):
        settings.load_profile(f"{PROFILE}-properties" if "properties" in collector.path.parts else PROFILE)


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
