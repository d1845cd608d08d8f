"""The steps of a promotion: choose, build beside, switch, wait. Each can be cut short and gone on with."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from processors.engine.building import build
from processors.engine.generations import GROUP, consumed, open_register, read_generations
from processors.engine.preview import preview
from processors.promotion.from_history import give_head_start
from processors.promotion.generation import generation, newest, not_passed
from processors.topic_admin import create_like_contact_events, delete_if_there
from schemas.errors import LifecycleError
from schemas.topics import generation_changelog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.engine.generations import Register
    from processors.lifecycle.plan import Plan
    from processors.promotion.generation import Generation
    from processors.promotion.preview import Preview

LOOK_S = 0.5
STILL_MINE_S = 5.0  # how soon a promotion ends that another one has taken over
LONG_S = 15.0  # after which it is said who is waited for: longer than a rebalance takes
START_ONE = "If none runs, start one: `stageline worker`."


class Watch(Protocol):
    """Whoever shows progress."""

    def say(self, text: str) -> None:
        """Say something once."""

    def show(self, what: str, done: int, total: int) -> None:
        """Show how much of a step is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A lifecycle file: its text, and its plan."""

    text: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """Promotes on one system; `first` is what STAGELINE_LIFECYCLE names, live until the first promotion."""

    bootstrap: str
    first: Definition
    watch: Watch

    async def known(self) -> dict[int, Generation]:
        """Return all generations; the first one is there before anything is promoted."""
        known = await read_generations(self.bootstrap)
        if not known:
            first = generation(
                self.first.plan,
                self.first.text,
                1,
                None,
                status="switched",
                at=0,
                in_place=False,
                barriers={},
            )
            known = {1: first}
        return known

    async def dry_run(self, wanted: Definition, *, anew: bool) -> Preview:
        """Say what `promote` would change, without writing anything."""
        known = await self.known()
        one = _choose(known, wanted, anew=anew)
        show = self.watch.show
        first = known[1].compiled()
        return await preview(self.bootstrap, first, one, _now(), lambda a, b: show("partitions tried", a, b))

    async def promote(self, wanted: Definition, *, anew: bool) -> Generation:
        """Take the live system to another definition; returns when every partition has passed its barrier."""
        async with open_register(self.bootstrap) as register:
            known = await self.known()
            await self._refuse_half_way(known)
            self._tidy(*(one for one in known.values() if one.status != "building"))
            one = _choose(known, wanted, anew=anew)
            if one.number not in known:
                await register.write(*known.values(), one)
            if not one.in_place:
                await self._build(register, one)
            before = known[one.replaces or 1]
            one = await register.switch(one, before, _now())
        await self._wait(one)
        self._tidy(one)
        return one

    async def rollback(self) -> Generation:
        """Promote the definition that was live before."""
        known = await self.known()
        live = newest(known.values())
        if live is None or live.replaces is None:
            raise LifecycleError("Nothing was promoted yet: there is nothing to go back to.")
        former = known[live.replaces]
        wanted = Definition(text=former.text, plan=former.compiled())
        return await self.promote(wanted, anew=not live.in_place)

    async def abort(self) -> Generation:
        """Give up what is being built. The live generation has not heard of it."""
        async with open_register(self.bootstrap) as register:
            known = await self.known()
            one = _being_built(known)
            if one is None:
                await self._refuse_half_way(known)
                live = newest(known.values())
                promoted = live is not None and live.replaces is not None
                remedy = f" {live.name} is live already: `stageline rollback`." if live and promoted else ""
                raise LifecycleError(f"Nothing is being built, so nothing can be aborted.{remedy}")
            await register.write(one.aborted(_now()))
        self._tidy(one)
        return one

    def _tidy(self, *done: Generation) -> None:
        """Delete what was built beside: it is live by now, or given up."""
        delete_if_there(self.bootstrap, [generation_changelog(one.number).name for one in done])

    async def _build(self, register: Register, one: Generation) -> None:
        create_like_contact_events(self.bootstrap, generation_changelog(one.number))

        due = time.monotonic()

        async def look(what: str, done: int, total: int) -> None:
            nonlocal due
            self.watch.show(what, done, total)
            if time.monotonic() >= due:
                due = time.monotonic() + STILL_MINE_S
                await register.write(one)  # fails as soon as another has taken over

        await give_head_start(self.bootstrap, one, look)
        await build(self.bootstrap, one.compiled(), one.number, partial(look, "newest offsets applied"))

    async def _refuse_half_way(self, known: Mapping[int, Generation]) -> None:
        live = newest(known.values())
        left = await self.left(live) if live else []
        if live and left:
            raise LifecycleError(
                f"Generation {live.number} ({live.name}) is still on its way: {len(left)} of"
                f" {len(live.barriers)} partitions have not passed its barrier. Let the workers finish."
                f" {START_ONE}"
            )

    async def left(self, one: Generation) -> list[int]:
        """Return the partitions that have not passed a generation's barrier."""
        if not one.barriers:
            return []
        passed = await consumed(self.bootstrap, GROUP, one.barriers)
        return not_passed(one, {number: offset or 0 for number, offset in passed.items()})

    async def _wait(self, one: Generation) -> None:
        total = len(one.barriers)
        self.watch.say(
            f"The barriers of generation {one.number} ({one.name}) are written. Workers pass them by"
            " themselves, also if this command ends now."
        )
        least, due = total, time.monotonic() + LONG_S
        while left := await self.left(one):
            self.watch.show("partitions over the barrier", total - len(left), total)
            if len(left) < least:
                least, due = len(left), time.monotonic() + LONG_S
            elif time.monotonic() >= due:
                due = math.inf
                rest = ", ".join(map(str, left))
                self.watch.say(f"Waiting for workers to pass the barrier in partitions {rest}. {START_ONE}")
            await asyncio.sleep(LOOK_S)


def _choose(known: Mapping[int, Generation], wanted: Definition, *, anew: bool) -> Generation:
    """Go on with what is being built, or begin a new generation. Raises LifecycleError if neither will do."""
    plan, live, building = wanted.plan, newest(known.values()), _being_built(known)
    name = f"{plan.id}@{plan.version}"
    if live is None:
        raise LifecycleError("topic lifecycle-generations names no live generation: is it complete?")
    if plan.plan_hash == live.plan_hash:
        raise LifecycleError(
            f"{name} decides as {live.name} does, which is live already: nothing to promote."
        )
    for one in known.values():
        if one.name == name and one.plan_hash != plan.plan_hash and one.status != "aborted":
            raise LifecycleError(
                f"{name} was used for another definition: give this one a version of its own."
            )
    in_place = plan.shape_hash == live.shape_hash and not anew
    if building is not None:
        if (building.plan_hash, building.in_place) == (plan.plan_hash, in_place):
            return building
        raise LifecycleError(
            f"Generation {building.number} ({building.name}) is being built. Go on with it by promoting the"
            " same file in the same way, or give it up: `stageline promote --abort`."
        )
    return generation(
        plan,
        wanted.text,
        max(known) + 1,
        live.number,
        status="building",
        at=_now(),
        in_place=in_place,
        barriers={},
    )


def _being_built(known: Mapping[int, Generation]) -> Generation | None:
    return next((one for one in known.values() if one.status == "building"), None)


def _now() -> int:
    return int(time.time() * 1000)
