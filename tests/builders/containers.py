"""Kafka and Valkey in containers, set up as the local stack sets up its own."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import docker
from docker.errors import DockerException
from testcontainers.community.valkey import ValkeyContainer
from testcontainers.core.container import DockerContainer

from processors.stack import kafka
from processors.stack.jars import KAFKA
from processors.stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

VALKEY = "9.1"
START_SECONDS = 120


def docker_answers() -> bool:
    """Return whether a Docker engine is there to be used."""
    try:
        return bool(docker.from_env().ping())
    except DockerException:
        return False


@contextmanager
def kafka_container() -> Iterator[str]:
    """Run Kafka in a container; yield its bootstrap address."""
    container = DockerContainer(f"apache/kafka:{KAFKA}")
    host, port = container.get_container_host_ip(), free_port()
    container.with_bind_ports(port, port).with_env("CLUSTER_ID", kafka.CLUSTER_ID)
    with container.with_envs(**kafka_environment(host, port)):
        deadline = time.monotonic() + START_SECONDS
        while not kafka.answers(f"{host}:{port}"):
            assert time.monotonic() < deadline, (
                f"Kafka does not answer in its container: {container.get_logs()}"
            )
            time.sleep(0.2)
        yield f"{host}:{port}"


def kafka_environment(host: str, port: int) -> dict[str, str]:
    """Return the local stack's properties as the image wants them: variables, listening on every address."""
    text = kafka.PROPERTIES.format(host="0.0.0.0", broker=port, controller=9093, data="/tmp/kafka-data")  # noqa: S104, S108 - inside the container
    settings = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    settings["advertised.listeners"] = f"PLAINTEXT://{host}:{port}"
    settings["controller.quorum.voters"] = "1@127.0.0.1:9093"
    return {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}


@contextmanager
def valkey_container() -> Iterator[str]:
    """Run Valkey in a container; yield its address."""
    with ValkeyContainer(f"valkey/valkey:{VALKEY}") as container:
        yield f"redis://{container.get_host()}:{container.get_exposed_port()}/0"
