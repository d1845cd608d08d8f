"""Systems that more than one file of tests looks at, one of its own for each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processors.cli.doctor.groups import GROUPS
from processors.stack.valkey import url
from tests.builders.doctor import healthy_system, working
from tests.builders.page import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer


@pytest.fixture(scope="module")
def healthy(broker: LocalServer, valkey: LocalServer) -> Iterator[str]:
    """A system for the doctor in which only workers are missing; where its Kafka answers."""
    with healthy_system(broker, valkey):
        yield broker.address


@pytest.fixture
def workers(healthy: str) -> Iterator[None]:
    """Members of the workers' groups, so that nothing at all is wrong."""
    with working(healthy, *GROUPS):
        yield


@pytest.fixture(scope="module")
def page(valkey: LocalServer) -> Iterator[str]:
    """Address of the live page, open to everybody."""
    with serving(url(valkey.port)) as (address, _):
        yield address
