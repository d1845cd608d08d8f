"""Strikes at the changelog: what the workers know of every contact is compacted, cut, emptied or gone.

The workers die with it: what they still hold in memory would hide the loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka import TopicPartition
from kafka.admin import ConfigResource
from kafka.errors import BrokerResponseError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from processors.topic_admin import administering
from schemas.topics import LIFECYCLE_CHANGELOG
from tests.builders.kafka import delete_topic, end_offsets
from tests.chaos.strikes.scene import STEADY
from tests.chaos.strikes.workers import kill_all_workers

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.strikes.scene import Scene

TOPIC = LIFECYCLE_CHANGELOG.name
EAGER = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0.01"}  # compacted as soon as it can be
LAZY = {"segment.ms": "604800000", "min.cleanable.dirty.ratio": "0.5"}  # the brokers' own defaults


once_it_may = Retrying(  # the broker hears of a setting a moment after the controller
    retry=retry_if_exception_type(BrokerResponseError),
    stop=stop_after_delay(60),
    wait=wait_fixed(0.1),
    reraise=True,
)


def compact_changelog(scene: Scene, chance: Random) -> None:
    """Let the broker compact it at once, and then again when it likes: that costs it half its time."""
    before = scene.system.compacted()
    _configure(scene, EAGER)
    scene.system.wait(lambda: scene.system.compacted() > before)
    _configure(scene, LAZY)
    kill_all_workers(scene, chance)


def truncate_changelog(scene: Scene, chance: Random) -> None:
    """Lose the beginning of every partition."""
    ends = end_offsets(scene.system.bootstrap, TOPIC)
    _delete_before(scene, {number: chance.randint(0, end) for number, end in sorted(ends.items())})
    kill_all_workers(scene, chance)


def empty_changelog(scene: Scene, chance: Random) -> None:
    """Lose everything in it, under workers that are at work."""
    _delete_before(scene, end_offsets(scene.system.bootstrap, TOPIC))
    kill_all_workers(scene, chance)


def delete_changelog(scene: Scene, chance: Random) -> None:
    """Lose the topic itself; the workers make it anew."""
    del chance
    for name in scene.system.workers:
        scene.system.kill(name)
    delete_topic(scene.system.bootstrap, TOPIC)
    for name in STEADY:
        scene.system.start(name)


def _delete_before(scene: Scene, offsets: dict[int, int]) -> None:
    _configure(scene, {"cleanup.policy": "delete"})  # of a compacted topic a broker deletes nothing
    with administering(scene.system.bootstrap) as admin:
        wanted = {TopicPartition(TOPIC, number): offset for number, offset in offsets.items()}
        once_it_may(admin.delete_records, wanted)
    _configure(scene, {"cleanup.policy": "compact"})


def _configure(scene: Scene, settings: dict[str, str]) -> None:
    with administering(scene.system.bootstrap) as admin:
        admin.alter_configs([ConfigResource("TOPIC", TOPIC, settings)])
