"""What strikes when: decided by a seed alone, before anything runs."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos.strikes import ENGINE, PUBLISHERS, VIEW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ASIDE = 3  # strikes at the view, and at what is published, beside each strike at workers, broker or changelog


class Planned(NamedTuple):
    """A strike by name; `seed` decides whatever it leaves to chance."""

    kind: str
    seed: str


class Volley(NamedTuple):
    """Strikes at the same time: `main` here, those of `aside` one after another beside it."""

    main: tuple[Planned, ...]  # one, or none
    aside: tuple[Planned, ...]


def volleys(seed: int, number: int, kinds: Sequence[str]) -> Iterator[Volley]:
    """Return the volleys of one round: each of the kinds comes at least once, in any order."""
    chance = Random(f"{seed}/{number}")  # noqa: S311 - a schedule
    main = _shuffled(chance, kinds, ENGINE)
    view, publishers = (_shuffled(chance, kinds, group) for group in (VIEW, PUBLISHERS))
    count = max(len(main), *(-(-len(one) // ASIDE) for one in (view, publishers)))
    for place in range(count):
        beside = [
            one[(place * ASIDE + n) % len(one)] for one in (view, publishers) if one for n in range(ASIDE)
        ]
        yield Volley(
            *(
                tuple(Planned(kind, f"{seed}/{number}/{place}/{kind}") for kind in chosen)
                for chosen in (main[place : place + 1], dict.fromkeys(beside))
            )
        )


def _shuffled(chance: Random, kinds: Sequence[str], group: Iterable[str]) -> list[str]:
    chosen = [kind for kind in group if kind in kinds]
    return chance.sample(chosen, len(chosen))
