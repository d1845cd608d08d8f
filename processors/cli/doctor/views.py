"""Redis and the views in it: there, able to keep what is written, filled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from processors.cli.doctor.clock import outside
from processors.cli.doctor.finding import ok, unknown, wrong
from processors.cli.doctor.groups import partitions
from processors.cli.doctor.next_record import bounds, offsets_behind
from projections.log import OUTPUTS, named
from projections.store import ask_server, live_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka.admin import KafkaAdminClient

    from processors.cli.doctor.finding import Finding
    from projections.store import Client

OLDEST = 7  # major version of Redis, or the one that Valkey says it is like
FULL = 0.8  # of maxmemory: time to act before writes are refused
SKEW_S = 2.0  # as for the broker


def check_redis(client: Client, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Look at the server. Raises RedisAwayError."""
    asked = now()
    info, theirs = ask_server(client, "INFO", "TIME")
    answered = now()
    if info is None:
        yield unknown("redis", "It does not let us ask for INFO.", "Give the user the right to INFO, TIME.")
        return
    found = [wrong("redis", *problem) for problem in _problems(info)]
    if theirs is not None and abs(skew := outside(theirs[0] + theirs[1] / 1e6, asked, answered)) > SKEW_S:
        found.append(
            wrong("redis", f"Its clock is {abs(skew):,.0f} s off this machine's.", "Let NTP set both.")
        )
    used = f"{info['used_memory'] / 1e6:,.0f} MB used"
    yield from found or [ok("redis", f"Version {info['redis_version']}, takes writes, {used}.")]


def check_view(admin: KafkaAdminClient, bootstrap: str, client: Client, lag_bound: int) -> Iterator[Finding]:
    """Compare the view that is shown with the topics that it is made from."""
    view = live_view(client)
    if view is None:
        yield wrong("view", "Nothing was ever projected.", "Start `stageline projector`.")
        return
    parts = partitions(admin, OUTPUTS)
    positions = view.positions()
    firsts, ends = bounds(admin, parts)
    starts = {part: max(positions.get(named(part), 0), firsts[part]) for part in parts}
    behind = offsets_behind(bootstrap, starts, ends)
    if behind > lag_bound:
        yield wrong(
            "view",
            f"It is {behind:,} offsets behind.",
            "Start `stageline projector`, or wait if that shrinks.",
        )
    elif held := view.held():
        yield wrong(
            "view",
            f"{held} changes wait for earlier ones that did not come.",
            "Was an output topic cut short? Restore it, or flush Redis: the projector fills the views anew.",
        )
    else:
        yield ok("view", f"{view.name}, {behind:,} offsets behind.")


def _problems(info: dict[str, Any]) -> Iterator[tuple[str, str]]:
    policy, limit = info.get("maxmemory_policy"), info.get("maxmemory", 0)
    if info["role"] != "master":
        yield "It is a replica: it takes no writes.", "Set REDIS_URL to the primary."
    if info.get("loading"):
        yield "It is loading its data.", "Wait until it has."
    if policy != "noeviction":
        yield f"maxmemory-policy is {policy}: it would drop parts of views.", "Set it to noeviction."
    if limit and info["used_memory"] > FULL * limit:
        yield (
            f"{info['used_memory'] / limit:.0%} of maxmemory is used; once it is full, writes are refused.",
            f"Raise maxmemory above {limit / 1e6:,.0f} MB.",
        )
    if int(info["redis_version"].partition(".")[0]) < OLDEST:
        yield f"It is version {info['redis_version']}.", f"Upgrade it to {OLDEST} or newer."
