"""Seeded traffic: with duplicates, disorder, a hot contact and poison; it knows what it sent.

Events lie in the last hundred days, each contact's mostly in order, so that timers of days fall due at once.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from schemas.topics import ENGAGEMENT
from tests.builders.kafka import make_producer

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_MS = 86_400_000
CONTACTS = 150
HOT = b"contact-0"  # gets half of what a hot burst sends
RATE = 40  # events a second between the bursts: every partition moves within a second
SHAPES: tuple[tuple[dict[str, Any], int], ...] = (
    ({"type": "page_view", "url": "https://x.example/products/a"}, 30),
    ({"type": "page_view", "url": "https://x.example/pricing"}, 6),
    ({"type": "asset_download", "asset": "guide-{}", "buying_stage": "awareness"}, 6),
    ({"type": "asset_download", "asset": "case-{}", "buying_stage": "consideration"}, 3),
    ({"type": "email_clicked", "campaign": "spring", "link": "https://x.example/l"}, 6),
    ({"type": "webinar_attended", "webinar": "intro-{}", "minutes": 30}, 3),
    ({"type": "demo_requested", "kind": "live"}, 1),
    ({"type": "deal_changed", "deal": "d-{}", "stage": "proposal", "amount": 100, "currency": "EUR"}, 1),
    ({"type": "deal_changed", "deal": "d-{}", "stage": "closed_lost", "amount": 100, "currency": "EUR"}, 1),
)
POISON = (
    b"",
    b"\x00",
    b"\xc3\x01",
    b"\xc3\x01" + bytes(8),
    b"\x00\x00\x00\x00\x00" + b"x",
    b"\x00\xff\xff\xff\xff" + b"x",
    b"{",
    b'{"type": "page_wiew"}',
    b'{"type": "page_view", "event_id": "e", "contact_id": "c", "occurred_at": NaN, "url": "x"}',
    b'{"type": "page_view", "event_id": "", "contact_id": "c", "occurred_at": 1780000000000, "url": "x"}',
    b'{"type": "page_view", "event_id": "e", "occurred_at": 1780000000000, "url": "https://x.example"}',
    b'{"type": "page_view", "event_id": "e", "contact_id": "\\ud800", "occurred_at": 1, "url": "x"}',
    b"\xff" * 900_000,
)


class Traffic:
    """`sent`: how often each event of a contact was sent. `poison`: how often each poisonous value was."""

    def __init__(self, bootstrap: str, seed: int) -> None:
        self.sent: Counter[tuple[bytes, str]] = Counter()
        self.poison: Counter[bytes] = Counter()
        self.events = 0
        self._chance = Random(seed)  # noqa: S311 - reproducible
        self._clocks: dict[bytes, int] = {}
        self._recent: list[tuple[bytes, bytes]] = []
        self._producer = make_producer(bootstrap)
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
        left = self._producer.flush(120)
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
            self._new(contact if hot and contact else b"contact-%d" % self._chance.randrange(CONTACTS))

    def duplicates(self, count: int) -> None:
        """Send events again."""
        for key, value in self._chance.choices(self._recent or [self._new(HOT)], k=count):
            self._send(key, value)

    def poisonous(self) -> None:
        """Send what can never be read."""
        for value in POISON:
            self.poison[value] += 1
            self._produce(b"contact-%d" % self._chance.randrange(CONTACTS), value)

    def _flow(self) -> None:
        while not self._halt.wait(1 / 10):
            self.some(RATE // 10)
            if self._recent and self._chance.random() < 0.5:
                self.duplicates(1)

    def _new(self, key: bytes) -> tuple[bytes, bytes]:
        self.events += 1
        (shape,) = self._chance.choices([one for one, _ in SHAPES], [weight for _, weight in SHAPES])
        number = str(self._chance.randrange(4))
        fields = {k: v.replace("{}", number) if isinstance(v, str) else v for k, v in shape.items()}
        event = {"event_id": f"e{self.events}", "contact_id": key.decode(), "occurred_at": self._time(key)}
        value = json.dumps(event | fields).encode()
        self._recent = [*self._recent[-999:], (key, value)]
        self._send(key, value)
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

    def _produce(self, key: bytes, value: bytes) -> None:
        self._producer.produce(ENGAGEMENT.name, value, key, on_delivery=self._delivered)
        self._producer.poll(0)

    def _delivered(self, error: object, _message: object) -> None:
        self._undelivered += error is not None
