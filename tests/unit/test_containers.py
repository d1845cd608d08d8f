"""docker-compose.yml and Dockerfile, as far as they can be judged without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from processors.stack.jars import KAFKA
from processors.stack.kafka import CLUSTER_ID
from tests.builders.containers import VALKEY, kafka_environment

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN_TO_THE_NETWORK = {"LISTENERS", "LISTENER_SECURITY_PROTOCOL_MAP", "CONTROLLER_QUORUM_VOTERS", "LOG_DIRS"}


def test_the_whole_of_stageline_is_there_with_two_workers() -> None:
    assert sorted(SERVICES) == ["kafka", "projector", "valkey", "web", "worker"]
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_and_no_rights_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_runs_as_a_user_that_is_not_root(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in dockerfile if line.startswith("USER ")]
    user = users[-1] if "build" in SERVICES[name] else SERVICES[name]["user"]
    assert user in {"10001", "appuser", "valkey"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_published_on_loopback_only(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_until_what_it_needs_is_healthy(name: str) -> None:
    needs = SERVICES[name].get("depends_on", {})
    assert needs.keys() <= SERVICES.keys()
    assert {need["condition"] for need in needs.values()} <= {"service_healthy"}


def test_the_images_are_the_versions_of_the_local_stack() -> None:
    images = (SERVICES["kafka"]["image"], SERVICES["valkey"]["image"])
    assert images == (f"apache/kafka:{KAFKA}", f"valkey/valkey:{VALKEY}")


def test_the_broker_is_set_up_as_the_local_stack_sets_it_up() -> None:
    ours = {name.removeprefix("KAFKA_"): value for name, value in kafka_environment("h", 1).items()}
    theirs = {name.removeprefix("KAFKA_"): value for name, value in SERVICES["kafka"]["environment"].items()}
    own = {name for name in ours if name.removeprefix("ADVERTISED_") in OWN_TO_THE_NETWORK}
    assert {name: theirs.get(name) for name in ours if name not in own} == {
        name: value for name, value in ours.items() if name not in own
    }
    assert theirs["CLUSTER_ID"] == CLUSTER_ID


def test_the_page_asks_for_no_token_that_nobody_has_set() -> None:
    """Its port is on loopback; whoever wants a token sets one."""
    assert SERVICES["web"]["environment"]["STAGELINE_TOKEN"] == "${STAGELINE_TOKEN:-}"  # noqa: S105 - no secret
