"""How many bytes a contact's state can come to: everything that is bounded is full.

One term for each field of the state, in the order of its layout (see `processors.lifecycle.state`). How long
ids and texts are is the publishers' choice, within what `schemas.values` allows; how many deals and merges a
contact has is life's, and nothing bounds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.plan import BehaviourRule, HalfLife
from processors.lifecycle.program import program_of

if TYPE_CHECKING:
    from processors.lifecycle.plan import Counter, Plan

DEALS = 10
MERGES = 10
ID_BYTES = 36  # a UUID
TEXT_BYTES = 50  # a campaign, a job title
HEAD = 3  # of an array, a map, a text or bytes: MessagePack's, up to 65,535 items
TIME = 9
COUNT = 5  # events, up to 2^32
NUMBER = 25  # 18 digits as text, in an extension
CURRENCY = 4
INDEX = 3  # a counter, a rule; an entry
HASH = 10  # of a distinct value
EPOCH = 5 + NUMBER  # a half-life's sum: epoch, weight
EPOCHS = 40  # kept per half-life sum
SEEN = 18  # a remembered event without the mask of its behaviours


def most_bytes(plan: Plan, id_bytes: int = ID_BYTES, text_bytes: int = TEXT_BYTES) -> int:
    """Return the bytes of the largest state, of a contact with ten deals and ten merges."""
    one_id, text = HEAD + id_bytes, HEAD + text_bytes
    entry = one_id + TIME
    rules = [one for one in plan.rules if isinstance(one, BehaviourRule)]
    seen = HEAD + plan.limits.dedupe_keep * (SEEN + -(-len(plan.behaviours) // 8))
    return (
        100  # layout, next due, shape, position, clocks, how much was said; heads of fields
        + one_id
        + seen
        + sum(_counter(one, entry) for one in plan.counters)
        + sum(INDEX + HEAD + one.keep * (COUNT + COUNT) for one in plan.calendars)
        + sum(_rule(one, entry) for one in rules)
        + (1 + len(plan.scores)) * (INDEX + HEAD + 2 * TIME)
        + sum(HEAD + len(event) + entry + HEAD for event in {event for event, _field in plan.last_fields})
        + sum(HEAD + len(field) + text for _event, field in plan.last_fields)
        + sum(HEAD + len(field) + HEAD + TIME + text for field in plan.profile_fields)
        + DEALS * (one_id + HEAD + TIME + text + NUMBER + CURRENCY)
        + 2 * (HEAD + entry + 4 * text)
        + _places(plan, one_id, text)
        + sum(HEAD + len(one.key) for one in program_of(plan).alternatives)
        + sum(HEAD + max(len(band.id) for band in one.bands) for one in plan.segments)
        + (1 + MERGES) * one_id
        + 3 * TIME
        + (0 if plan.company is None else _company(plan, one_id))
    )


def _counter(counter: Counter, entry: int) -> int:
    """Bytes of the newest events and the one dropped last, or of values and the newest event of each."""
    if counter.distinct is not None:
        return INDEX + HEAD + counter.keep * (HASH + INDEX + 1 + entry)
    return INDEX + HEAD + counter.keep * (INDEX + entry) + INDEX + INDEX + entry


def _rule(rule: BehaviourRule, entry: int) -> int:
    decayed = INDEX + HEAD + (EPOCHS * EPOCH if isinstance(rule.decay, HalfLife) else TIME + rule.keep * TIME)
    if rule.distinct is not None:
        return decayed + INDEX + HEAD + rule.keep * (HASH + INDEX + 1 + entry)
    if rule.cap_times is not None:  # of each period its number of events, and one time more than count
        return decayed + INDEX + HEAD + (rule.keep + 1) * (COUNT + HEAD + COUNT + 2 * TIME)
    return decayed


def _company(plan: Plan, one_id: int) -> int:
    """Bytes of what named the company, of the member as last told, and of how often that was."""
    longest = HEAD + max(len(stage.id) for stage in plan.stages)
    return 3 * HEAD + TIME + 3 * one_id + 2 * longest + len("none") + 2 * COUNT + 5


def _places(plan: Plan, one_id: int, text: int) -> int:
    """Bytes of every track's place: where, since when, entries, an override, a hand-off."""
    longest = HEAD + max(len(stage.id) for stage in plan.stages)
    entries = sum(HEAD + len(stage.id) + HEAD + 2 * TIME for stage in plan.stages)
    statuses = max((HEAD + len(one) for stage in plan.stages for one in stage.statuses), default=1)
    override = HEAD + 2 * TIME + 2 * longest + 2 * text
    handoff = HEAD + one_id + 2 * longest + 5 * TIME
    place = HEAD + one_id + 3 * longest + 7 * TIME + statuses + override + handoff
    return entries + sum(HEAD + len(track.id) + place for track in plan.tracks)
