"""What can go wrong in the simulated world. Each fault does its damage and sees to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.reminding import CHANGELOG

if TYPE_CHECKING:
    from tests.simulation.world import World


def kill(world: World) -> None:
    """SIGKILL."""
    if world.workers:
        world.kill(world.chance.choice(list(world.workers)))


def terminate(world: World) -> None:
    """SIGTERM."""
    if world.workers:
        world.terminate(world.chance.choice(list(world.workers)))


def freeze(world: World) -> None:
    """SIGSTOP, often for longer than a session, then SIGCONT: a zombie that believes in its partitions."""
    if world.workers:
        name = world.chance.choice(list(world.workers))
        world.loop.halt(name)
        world.loop.later(world.chance.uniform(0.5, 15), lambda: _thaw(world, name))


def _thaw(world: World, name: str) -> None:
    if name in world.workers:  # not killed meanwhile
        world.loop.resume(name)


def old_disk(world: World) -> None:
    """Put a disk back to what it held a while ago, as from a backup; its process dies with it."""
    if world.disks:
        disk = world.chance.choice(world.disks)
        image = disk.image()

        def restore() -> None:
            world.kill(disk.holder)
            disk.copies = image

        world.loop.later(world.chance.uniform(0.5, 15), restore)


def join(world: World) -> None:
    """Start one more worker."""
    world.start_worker()


def broker_away(world: World) -> None:
    """Let the broker be gone for a while; connections and sessions begin anew afterwards."""
    world.network.broker_away = True

    def back() -> None:
        world.network.broker_away = False
        world.network.connection = object()
        world.group.everyone_seen(world.loop.time())

    world.loop.later(world.chance.uniform(0.2, 12), back)


def loss(world: World) -> None:
    """Lose requests and answers for a while."""
    world.network.loss = world.chance.choice([0.02, 0.2])
    world.loop.later(world.chance.uniform(0.5, 5), lambda: setattr(world.network, "loss", 0.0))


def slowness(world: World) -> None:
    """Slow every request down for a while: answers overtake each other."""
    world.network.delay = world.chance.choice([0.2, 1.0])
    world.loop.later(world.chance.uniform(0.5, 8), lambda: setattr(world.network, "delay", 0.02))


def split_brain(world: World) -> None:
    """Let the group give partitions to two members at once, until the next rebalance."""
    world.group.split = 0.7
    world.group.rebalance(world.loop.time())

    def heal() -> None:
        world.group.split = 0.0
        world.group.rebalance(world.loop.time())

    world.loop.later(world.chance.uniform(5, 15), heal)


def fencing(world: World) -> None:
    """Fence every producer though its owner stays the owner: an operator aborts all transactions."""
    world.broker.fence_all()


def late_markers(world: World) -> None:
    """Let commits take effect late and at different times in each partition, for a while."""
    world.broker.marker_delay = 3.0
    world.loop.later(world.chance.uniform(2, 10), lambda: setattr(world.broker, "marker_delay", 0.01))


def markers_lost(world: World) -> None:
    """Let the broker go down while it writes markers, and leave out some of them when it comes up."""
    world.broker.marker_delay = 1.0

    def go_down() -> None:
        world.broker.marker_delay = 0.01
        world.broker.lose_markers()
        broker_away(world)

    world.loop.later(world.chance.uniform(0.2, 2), go_down)


def forgetting(world: World) -> None:
    """Let the coordinator leave out partitions when it aborts what another began, for a while."""
    world.broker.forgetful = 0.3
    world.loop.later(world.chance.uniform(1, 10), lambda: setattr(world.broker, "forgetful", 0.0))


def refusal(world: World) -> None:
    """Let the broker refuse some record batches for a while."""
    world.refusing = 0.3
    world.loop.later(world.chance.uniform(0.2, 2), lambda: setattr(world, "refusing", 0.0))


def compaction(world: World) -> None:
    """Compact the changelogs."""
    for place in world.places(CHANGELOG):
        world.broker.logs[place].compact()


def offsets_gone(world: World) -> None:
    """Forget the group's offsets, as brokers do after a week without members."""
    world.broker.committed.clear()


def old_offsets(world: World) -> None:
    """Let the group's coordinator come up with offsets of a while ago, often with all workers."""
    old = dict(world.broker.committed)

    def come_up() -> None:
        world.broker.behind = old
        if world.chance.random() < 0.7:
            for name in list(world.workers):
                world.kill(name)

    world.loop.later(world.chance.uniform(0.5, 10), come_up)


def changelog_cut(world: World) -> None:
    """Lose the beginning of a changelog, or all of it, most often with the workers."""
    log = world.broker.logs[world.chance.choice(world.places(CHANGELOG))]
    log.cut(world.chance.choice([log.end, world.chance.randint(log.start, log.end)]))
    if world.chance.random() < 0.7:  # else somebody may be reading it just now
        for name in list(world.workers):
            world.kill(name)
    world.network.delay = 0.1  # makes folding again long enough to be struck, too
    for _ in range(4):
        world.loop.later(world.chance.uniform(1, 10), lambda: kill(world))
    world.loop.later(10, lambda: setattr(world.network, "delay", 0.02))


FAULTS = (
    *(kill, kill, kill, freeze, freeze, terminate, join, broker_away),
    *(split_brain, fencing, loss, slowness, late_markers, markers_lost, forgetting),
    *(refusal, compaction, old_disk, old_offsets),
)
# Damage to what the broker stores: a world has one kind of it, for outputs could not be right after both.
DAMAGES = ((), (), (changelog_cut,), (offsets_gone,))
