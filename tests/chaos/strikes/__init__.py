"""What can be done to the running system, by name. Each strike heals what it broke before it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.strikes import broker, changelog, publishers, view, workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.chaos.strikes.scene import Scene

    Strike = Callable[[Scene, Random], None]


def _named(*strikes: Strike) -> dict[str, Strike]:
    return {strike.__name__.replace("_", "-"): strike for strike in strikes}


ENGINE = _named(  # one at a time
    workers.kill_worker,
    workers.kill_all_workers,
    workers.crash_worker,
    workers.freeze_worker,
    workers.roll_workers,
    workers.scale_workers,
    workers.rebalance_storm,
    broker.kill_broker,
    broker.restart_broker,
    broker.pause_broker,
    broker.stall_broker,
    broker.fill_disk,
    changelog.compact_changelog,
    changelog.truncate_changelog,
    changelog.empty_changelog,
    changelog.delete_changelog,
)
VIEW = _named(
    view.kill_projector,
    view.crash_projector,
    view.flush_redis,
    view.kill_redis,
    view.fill_redis,
    view.read_only_redis,
    view.slow_redis,
)
PUBLISHERS = _named(
    publishers.poison,
    publishers.duplicates,
    publishers.disorder,
    publishers.hot_contact,
    publishers.erasures,
)
STRIKES = ENGINE | VIEW | PUBLISHERS
