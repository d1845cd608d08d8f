"""What publishers do wrong, or too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.traffic import HOT

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.strikes.scene import Scene


def poison(scene: Scene, chance: Random) -> None:
    """Everything that cannot be read, or only looks as if it could not."""
    del chance
    scene.traffic.aside(lambda traffic: traffic.hostile())


def duplicates(scene: Scene, chance: Random) -> None:
    """Events come again, from a second to thirty days after they first happened."""
    del chance
    scene.traffic.aside(lambda traffic: traffic.duplicates(50))


def disorder(scene: Scene, chance: Random) -> None:
    """Events of a contact arrive shuffled: late, at the same time, from the far future."""
    del chance
    scene.traffic.aside(lambda traffic: traffic.shuffled(100))


def hot_contact(scene: Scene, chance: Random) -> None:
    """Half of a burst belongs to one contact."""
    del chance
    scene.traffic.aside(lambda traffic: traffic.some(300, contact=HOT))


def erasures(scene: Scene, chance: Random) -> None:
    """People become part of each other and are erased, all at once."""
    del chance
    scene.traffic.aside(lambda traffic: traffic.lives(10))
