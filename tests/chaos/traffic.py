"""Seeded traffic: with duplicates, disorder, a hot contact and hostile messages; it knows what it sent.

Events lie in the last hundred days, each contact's mostly in order, so that timers of days fall due at once.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from itertools import cycle, islice
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from schemas.topics import ENGAGEMENT
from tests.builders.kafka import make_producer
from tests.chaos.hostile import HOSTILE
from tests.chaos.people import Life

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Producer

DAY_MS = 86_400_000
CONTACTS = 150  # at a time: in the place of one that is erased comes another
ERASING = 0.02  # how likely in a tenth of a second
HOT = b"contact-0"  # gets half of what a hot burst sends
REMEMBERED = 100  # events per contact that may come again: the lifecycle remembers 128
APART_MS = (
    1_000,
    3_600_000,
    DAY_MS,
    30 * DAY_MS,
)  # between an event and its duplicate, by the contact's clock
LATE_MS = 90 * DAY_MS
RATE = 40  # events a second between the bursts: every partition moves within a second
SHAPES: tuple[tuple[dict[str, Any], int], ...] = (
    ({"type": "page_view", "url": "https://x.example/products/a"}, 30),
    ({"type": "page_view", "url": "https://x.example/pricing"}, 6),
    ({"type": "asset_download", "asset": "guide-{}", "buying_stage": "awareness"}, 6),
    ({"type": "asset_download", "asset": "case-{}", "buying_stage": "consideration"}, 3),
    ({"type": "email_clicked", "campaign": "spring", "link": "https://x.example/l"}, 6),
    ({"type": "webinar_attended", "webinar": "intro-{}", "minutes": 30}, 3),
    ({"type": "demo_requested", "kind": "live"}, 1),
    ({"type": "contact_updated", "profile": {"phone": "1234", "country": "de"}}, 3),
    ({"type": "qualified_answer", "topic": "need", "answer": "offer {}"}, 2),
    ({"type": "deal_changed", "deal": "d-{}", "stage": "proposal", "amount": 100, "currency": "EUR"}, 1),
    ({"type": "deal_changed", "deal": "d-{}", "stage": "closed_lost", "amount": 100, "currency": "EUR"}, 1),
)


class Traffic:
    """`sent`: how often each event of a contact was sent. `refused`: how often each hostile value was."""

    def __init__(self, bootstrap: str, seed: int) -> None:
        self.sent: Counter[tuple[bytes, str]] = Counter()
        self.refused: Counter[bytes] = Counter()
        self.events = 0
        self._contacts = [b"contact-%d" % number for number in range(CONTACTS)]
        self._lives = 0
        self._chance = Random(seed)  # noqa: S311 - reproducible
        self._clocks: dict[bytes, int] = {}
        self._recent: dict[bytes, deque[tuple[int, bytes]]] = {}
        self._producer = make_producer(bootstrap)
        self._packing = make_producer(bootstrap, compression="lz4")  # a broker weighs what is packed
        self._undelivered = 0
        self._halt = Event()
        self._thread: Thread | None = None

    def flow(self) -> None:
        """Send at a steady rate until `rest`."""
        self._halt.clear()
        self._thread = Thread(target=self._flow)
        self._thread.start()

    def halt(self) -> None:
        """Stop sending; what was sent may still be on its way."""
        self._halt.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def rest(self) -> None:
        """Stop sending, and return once the broker has everything."""
        self.halt()
        left = self._producer.flush(120) + self._packing.flush(120)
        assert left == 0, f"{left} events could not be sent within two minutes"
        assert self._undelivered == 0, f"{self._undelivered} events were refused"

    def aside(self, burst: Callable[[Traffic], None]) -> None:
        """Send a burst; the steady flow, on another thread, stops meanwhile."""
        flowing = self._thread is not None
        self.halt()
        burst(self)
        if flowing:
            self.flow()

    def some(self, count: int, contact: bytes | None = None) -> None:
        """Send new events, half of them of `contact` if given."""
        for _ in range(count):
            hot = contact is not None and self._chance.random() < 0.5
            key = contact if hot and contact else self._some_contact()
            self._send(*self._make(key, self._time(key)))

    def duplicates(self, count: int) -> None:
        """Send events again that lie so far behind their contact's newest, where it has any."""
        for apart in islice(cycle(APART_MS), count):
            key = self._chance.choice(sorted(self._recent))
            newest = max(at for at, _ in self._recent[key])
            far = [value for at, value in self._recent[key] if newest - at >= apart]
            self._send(key, self._chance.choice(far or [value for _, value in self._recent[key]]))

    def shuffled(self, count: int) -> None:
        """Send a few contacts' new events in any order: months late, at one time, from the far future."""
        keys = [self._some_contact() for _ in range(5)]
        now = int(time.time() * 1000)
        times = [now - LATE_MS, now - DAY_MS, now - DAY_MS, now - 1, now, now + 400 * DAY_MS]
        events = [self._make(self._chance.choice(keys), self._chance.choice(times)) for _ in range(count)]
        for key, value in self._chance.sample(events, count):
            self._send(key, value)

    def hostile(self) -> None:
        """Send what can never be read, and what only looks like it."""
        for value, admitted, key, headers in HOSTILE:
            if admitted is None:
                self.refused[value] += 1
            else:
                self.sent[admitted] += 1
            self._produce(key, value, headers, self._packing)

    def lives(self, count: int) -> None:
        """Send the lives of so many people, mixed."""
        now = int(time.time() * 1000)
        numbers = range(self._lives, self._lives + count)
        self._lives += count
        told = [list(Life(number=one, chance=self._chance, at=now - DAY_MS).sent()) for one in numbers]
        while any(told):
            one = self._chance.choice([life for life in told if life]).pop(0)
            self.events += 1
            self.sent[one.contact, one.event["event_id"]] += 1
            self._produce(one.key, json.dumps(one.event).encode())

    def erase(self) -> None:
        """Erase a contact of many events, often twice; more about it still comes, now and as duplicates."""
        index = self._chance.randrange(1, CONTACTS)  # never the hot one
        key = self._contacts[index]
        self._contacts[index] = b"contact-%d" % (CONTACTS + self.events)
        for number in range(self._chance.choice([1, 1, 2])):
            erasure = {"type": "contact_erased", "event_id": f"erasure-{number}", "contact_id": key.decode()}
            self._send(key, json.dumps(erasure | {"occurred_at": self._time(key)}).encode())
        for _ in range(self._chance.randrange(4)):
            self._send(*self._make(key, self._time(key)))

    def _flow(self) -> None:
        while not self._halt.wait(1 / 10):
            self.some(RATE // 10)
            if self._chance.random() < 0.5:
                self.duplicates(1)
            if self._chance.random() < ERASING:
                self.erase()

    def _some_contact(self) -> bytes:
        return self._chance.choice(self._contacts)

    def _make(self, key: bytes, at: int) -> tuple[bytes, bytes]:
        self.events += 1
        (shape,) = self._chance.choices([one for one, _ in SHAPES], [weight for _, weight in SHAPES])
        number = str(self._chance.randrange(4))
        fields = {k: v.replace("{}", number) if isinstance(v, str) else v for k, v in shape.items()}
        event = {"event_id": f"e{self.events}", "contact_id": key.decode(), "occurred_at": at}
        value = json.dumps(event | fields).encode()
        self._recent.setdefault(key, deque(maxlen=REMEMBERED)).append((at, value))
        return key, value

    def _time(self, key: bytes) -> int:
        """Usually later than the contact's last event; sometimes the same, earlier, or far in the future."""
        now = int(time.time() * 1000)
        last = self._clocks.get(key, now - 100 * DAY_MS)
        leap = self._chance.choice([0, 1, 60_000, DAY_MS // 4, DAY_MS, -DAY_MS, 3 * DAY_MS])
        self._clocks[key] = min(now, last + leap)
        return now + 400 * DAY_MS if self._chance.random() < 0.005 else self._clocks[key]

    def _send(self, key: bytes, value: bytes) -> None:
        self.sent[key, json.loads(value)["event_id"]] += 1
        self._produce(key, value)

    def _produce(
        self,
        key: bytes | None,
        value: bytes,
        headers: list[tuple[str, str | bytes | None]] | None = None,
        producer: Producer | None = None,
    ) -> None:
        chosen = producer or self._producer
        chosen.produce(ENGAGEMENT.name, value, key, on_delivery=self._delivered, headers=headers or [])
        chosen.poll(0)

    def _delivered(self, error: object, _message: object) -> None:
        self._undelivered += error is not None
