"""The brokers: their version, the settings that the guarantee stands on, their clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kafka.admin import ConfigResource

from processors.cli.doctor.clock import outside
from processors.cli.doctor.finding import ok, unknown, wrong
from processors.engine.member import SESSION_MS
from processors.engine.transaction import TRANSACTION_TIMEOUT_MS
from processors.topic_admin import COPIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka.admin import KafkaAdminClient

    from processors.cli.doctor.finding import Finding

OLDEST = (3, 7)  # first of the releases that are still being tried with; older ones may do
SKEW_MS = 2_000  # a clock kept by NTP is off by some ms; timers and lateness are told in seconds
WEEK_MIN = 7 * 24 * 60  # Kafka's own default


def check_brokers(admin: KafkaAdminClient) -> Iterator[Finding]:
    """Look at each broker of the cluster."""
    brokers = [broker["broker_id"] for broker in admin.describe_cluster()["brokers"]]
    resources = [ConfigResource("BROKER", str(broker)) for broker in brokers]
    configs = admin.describe_configs(resources, config_filter="all")["broker"]
    for broker in brokers:
        about = f"broker {broker}"
        version = admin.get_broker_version_data(broker).broker_version
        settings = {name: entry["value"] for name, entry in configs[str(broker)].items()}
        if not settings:
            remedy = "Give this user the right to DESCRIBE_CONFIGS of the cluster."
            yield unknown(about, "It does not tell its settings.", remedy)
            continue
        found = [wrong(about, *problem) for problem in _problems(settings, len(brokers))]
        if version < OLDEST:
            found.append(
                wrong(about, f"It is Kafka {_dotted(version)}.", f"Upgrade it to {_dotted(OLDEST)} or newer.")
            )
        yield from found or [ok(about, f"Kafka {_dotted(version)} or newer, with settings that fit.")]


def check_clock(admin: KafkaAdminClient, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Compare this machine's clock with the controller's, as the quorum's state tells it."""
    asked = now() * 1000
    quorum = admin.describe_metadata_quorum()
    answered = now() * 1000
    theirs = _controller_time(quorum)
    if theirs is None or theirs < 0:
        yield unknown(
            "clock", "The controller does not tell its time.", "Compare `date -u` on both machines."
        )
    elif abs(skew := outside(theirs, asked, answered)) > SKEW_MS:
        how = f"{abs(skew) / 1000:,.1f} s {'behind' if skew > 0 else 'ahead of'}"
        yield wrong(
            "clock",
            f"This machine is {how} the Kafka controller.",
            "Let NTP set both: a worker's clock says when timers fire, a broker's when an event arrived.",
        )
    else:
        yield ok("clock", f"Within {SKEW_MS / 1000:.0f} s of the Kafka controller's.")


def _controller_time(quorum: dict[str, Any]) -> int | None:
    log = quorum["topics"][0]["partitions"][0]
    times = [
        one["last_fetch_timestamp"] for one in log["current_voters"] if one["replica_id"] == log["leader_id"]
    ]
    return times[0] if times else None


def _problems(settings: dict[str, str], brokers: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a broker's settings and the remedy; one not told (an old release) is fine."""
    copies, in_sync = (COPIES, 2) if brokers >= COPIES else (1, 1)
    for name, least in (
        ("transaction.max.timeout.ms", TRANSACTION_TIMEOUT_MS),
        ("group.max.session.timeout.ms", SESSION_MS),
        ("transaction.state.log.replication.factor", copies),
        ("transaction.state.log.min.isr", in_sync),
        ("offsets.topic.replication.factor", copies),
        ("offsets.retention.minutes", WEEK_MIN),
    ):
        if int(settings.get(name, least)) < least:
            yield f"{name} is {settings[name]}.", f"Set it to {least} or more."
    shortest = int(settings.get("group.min.session.timeout.ms", SESSION_MS))
    if shortest > SESSION_MS:
        yield (
            f"group.min.session.timeout.ms is {shortest}: no worker can join.",
            f"Set it to {SESSION_MS} or less.",
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
