"""A contact as bytes: MessagePack, versioned, without floats, the same content always the same bytes.

| # | field | holds |
|---|---|---|
| 0 | layout | 1 |
| 1 | next_due | ms or nil; first, so that it is read without the rest |
| 2 | shape | first 8 bytes of the plan's shape hash |
| 3 | id | contact id |
| 4 | position, clock, first_seen, last_counted | log position; ms |
| 5 | seen | ring of events, see `seen` |
| 6 | entries | events that counters refer to, by time: ids, then times, each less the one before |
| 7 | newest | counter → references into `entries` |
| 8 | distinct | counter → value (8 bytes), reference, more, … |
| 9 | horizons | counter → reference |
| 10 | periods | calendar → period, events, … |
| 11 | tallies | rule → events |
| 12 | sums | rule → epoch, weight, … |
| 13 | stamps | rule → times |
| 14 | values | rule → value, reference, more, … |
| 15 | capped | rule → period → events, times |
| 16 | floors | nil, or counts' floor and score → floor; a floor is at, position |
| 17 | last | event → at, event id, field → value |
| 18 | profile | field → at, value |
| 19 | deals | deal → at, stage, amount, currency |
| 20 | touches | first and last: at, event id, type, source, campaign, medium |
| 21 | places | track → see `place_state` |
| 22 | bands | segment's band or nil |
| 23 | said | stage changes, segment changes, hand-off changes so far |
| 24 | identity | nil, or forward_to, merged, erased, refused, clamped |
| 25 | company | what the newest event said or nil, member as last told or nil, membership changes so far |

Field 25 is there only under a plan with companies, and where an earlier plan had some. Maps are sorted by
key. Extension 1 is a decimal or an integer beyond 64 bits, as text. Stages, bands and tracks are named;
everything else goes by the index of the plan, which the shape guards.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any

import msgpack

from processors.lifecycle.contact import Contact, DealIs, Employer, Floor, Latest, Member, Place, Seen, Touch
from processors.lifecycle.newest import Entry
from processors.lifecycle.place_state import dump_place, load_place
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.program import Program

LAYOUT = 1
NUMBER = 1  # extension type
_EMPTY = Place()


def dump(program: Program, contact: Contact) -> bytes:
    """Write a contact; one never seen is no bytes."""
    if not contact.id:
        return b""
    table = _Table(contact)
    fields: tuple[Any, ...] = (
        LAYOUT,
        contact.next_due,
        program.shape,
        contact.id,
        (contact.position, contact.clock, contact.first_seen, contact.last_counted),
        contact.seen,
        (table.ids, table.steps),
        {index: [table.at[one] for one in contact.newest[index]] for index in sorted(contact.newest)},
        {index: table.values(contact.distinct[index]) for index in sorted(contact.distinct)},
        {index: table.at[contact.horizons[index]] for index in sorted(contact.horizons)},
        {index: _flat(contact.periods[index]) for index in sorted(contact.periods)},
        _sorted(contact.tallies),
        {index: _flat(contact.sums[index]) for index in sorted(contact.sums)},
        _sorted(contact.stamps),
        {index: table.values(contact.values[index]) for index in sorted(contact.values)},
        {index: _sorted(contact.capped[index]) for index in sorted(contact.capped)},
        _floors(contact),
        {name: (*one[:2], _sorted(one.values)) for name, one in sorted(contact.last.items())},
        _sorted(contact.profile),
        _sorted(contact.deals),
        (contact.first_touch, contact.last_touch),
        _places(program, contact),
        contact.bands,
        (contact.stage_changes, contact.segment_changes, contact.handoff_changes),
        _identity(contact),
    )
    if program.memberships is not None or contact.membership_changes:
        fields += ((contact.employer, contact.member, contact.membership_changes),)
    packed: bytes = msgpack.packb(fields, default=_number)
    return packed


def load(program: Program, state: bytes) -> Contact:
    """Read a contact. Raises LifecycleError for a state of another layout or shape."""
    if not state:
        return Contact()
    fields = msgpack.unpackb(state, strict_map_key=False, ext_hook=_from_number, use_list=True)
    if fields[0] != LAYOUT or fields[2] != program.shape:
        raise LifecycleError(
            f"state of contact {fields[3]} was built under another plan shape: replay its history"
        )
    ids, steps = fields[6]
    entries = list(map(Entry, accumulate(steps), ids))
    position, clock, first_seen, last_counted = fields[4]
    counts_floor, score_floors = fields[16] or (None, {})
    first, last = fields[20]
    contact = Contact(
        id=fields[3],
        position=position,
        clock=clock,
        first_seen=first_seen,
        last_counted=last_counted,
        next_due=fields[1],
        seen=fields[5],
        newest={index: [entries[one] for one in refs] for index, refs in fields[7].items()},
        distinct={index: _values(flat, entries) for index, flat in fields[8].items()},
        horizons={index: entries[ref] for index, ref in fields[9].items()},
        periods={index: _pairs(flat) for index, flat in fields[10].items()},
        tallies=fields[11],
        sums={index: _pairs(flat) for index, flat in fields[12].items()},
        stamps=fields[13],
        values={index: _values(flat, entries) for index, flat in fields[14].items()},
        capped=fields[15],
        counts_floor=counts_floor and Floor(*counts_floor),
        score_floors={score: Floor(*floor) for score, floor in score_floors.items()},
        last={name: Latest(*one) for name, one in fields[17].items()},
        profile={field: (at, value) for field, (at, value) in fields[18].items()},
        deals={name: DealIs(*one) for name, one in fields[19].items()},
        first_touch=first and Touch(*first),
        last_touch=last and Touch(*last),
        places=[load_place(program, fields[21].get(track.id)) for track in program.plan.tracks],
        bands=fields[22],
    )
    contact.stage_changes, contact.segment_changes, contact.handoff_changes = fields[23]
    if fields[24] is not None:
        _be(contact, fields[24])
    if len(fields) > 25:
        _belong(contact, *fields[25])
    return contact


def next_due(state: bytes) -> int | None:
    """When a contact has to be advanced next, read without the rest of its state."""
    if not state:
        return None
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(state[:16])  # header, layout and one integer take at most 13 bytes
    unpacker.read_array_header()
    unpacker.unpack()
    due: int | None = unpacker.unpack()
    return due


def shape_of(state: bytes) -> bytes:
    """Tell under which shape a state was written: that of `Program.shape`; empty for no state."""
    return _head(state)[2] if state else b""


def position_of(state: bytes) -> int:
    """Tell up to which log position a contact has applied everything."""
    return int(_head(state)[4][0])


def _head(state: bytes) -> list[Any]:
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(state)
    unpacker.read_array_header()
    return [unpacker.unpack() for _ in range(5)]


class _Table:
    """Events that counters refer to, each written once."""

    __slots__ = ("at", "ids", "steps")

    def __init__(self, contact: Contact) -> None:
        known: set[Entry] = set(contact.horizons.values())
        for series in contact.newest.values():
            known.update(series)
        for values in chain(contact.distinct.values(), contact.values.values()):
            known.update(seen.entry for seen in values.values())
        ordered = sorted(known)
        self.at = {entry: index for index, entry in enumerate(ordered)}
        self.ids = [entry.event_id for entry in ordered]
        times = [entry.at for entry in ordered]
        self.steps = [*times[:1], *(later - earlier for earlier, later in pairwise(times))]

    def values(self, values: dict[bytes, Seen]) -> list[Any]:
        """Distinct values, flat."""
        return [
            one
            for value in sorted(values)
            for one in (value, self.at[values[value].entry], values[value].more)
        ]


def _values(flat: Iterable[Any], entries: list[Entry]) -> dict[bytes, Seen]:
    one = iter(flat)
    return {value: Seen(entries[ref], more) for value, ref, more in zip(one, one, one, strict=True)}


def _flat(pairs: dict[int, int]) -> list[int]:
    return list(chain.from_iterable(sorted(pairs.items())))


def _pairs(flat: Iterable[int]) -> dict[int, int]:
    one = iter(flat)
    return dict(zip(one, one, strict=True))


def _sorted(mapping: dict[Any, Any]) -> dict[Any, Any]:
    return dict(sorted(mapping.items())) if len(mapping) > 1 else mapping


def _floors(contact: Contact) -> tuple[Any, ...] | None:
    if contact.counts_floor is None and not contact.score_floors:
        return None
    return contact.counts_floor, _sorted(contact.score_floors)


def _places(program: Program, contact: Contact) -> dict[str, Any]:
    tracks = program.plan.tracks
    return {
        track.id: dump_place(program, place)
        for track, place in zip(tracks, contact.places, strict=True)
        if place != _EMPTY
    }


def _identity(contact: Contact) -> tuple[Any, ...] | None:
    known = (contact.forward_to, contact.merged, contact.erased, contact.refused, contact.clamped)
    return known if any(known) else None


def _be(contact: Contact, known: list[Any]) -> None:
    contact.forward_to, contact.merged, contact.erased, contact.refused, contact.clamped = known


def _belong(contact: Contact, employer: list[Any] | None, member: list[Any] | None, changes: int) -> None:
    contact.employer = None if employer is None else Employer(*employer)
    contact.member = None if member is None else Member(*member)
    contact.membership_changes = changes


def _number(value: object) -> msgpack.ExtType:
    if isinstance(value, Decimal):
        return msgpack.ExtType(NUMBER, f"{value.normalize():f}.".encode())
    if isinstance(value, int):
        return msgpack.ExtType(NUMBER, str(value).encode())
    raise TypeError(f"{type(value).__name__} cannot be part of a contact's state")


def _from_number(_code: int, data: bytes) -> int | Decimal:
    text = data.decode()
    return Decimal(text[:-1]) if text.endswith(".") else int(text)
