"""Events, good and hostile, that have a canary wherever a person's data may stand."""

from __future__ import annotations

import json

from kafka import KafkaProducer

from schemas.topics import CONTACT_EVENTS, ENGAGEMENT

GOOD = 300
# Each stands where a person's data may stand; none may be in a log, a metric, or a health page.
CANARIES = (
    "canary-contact",
    "canary-visitor",
    "ada@canary.example",
    "canary-name",
    "canary-free-text",
    "canary-path",
    "canary-poison",
    "canary-header",
    "canary-key",
)


def feed(bootstrap: str) -> None:
    with KafkaProducer(bootstrap_servers=bootstrap) as producer:
        for number in range(GOOD):
            producer.send(ENGAGEMENT.name, good(number), key=b"canary-key")
        for poison in hostile():
            producer.send(
                ENGAGEMENT.name, poison, key=b"canary-key", headers=[("canary-header", b"canary-header")]
            )
        producer.send(CONTACT_EVENTS.name, b"canary-poison", key=b"canary-key")  # past intake: lifecycle's


def good(number: int) -> bytes:
    kinds = (
        {"type": "page_view", "url": "https://x.example/canary-path?token=canary-free-text"},
        {"type": "contact_updated", "profile": {"job_title": "canary-name"}},
        {"type": "demo_requested", "kind": "canary-free-text"},
        {"type": "stage_overridden", "stage": "nowhere", "kind": "pin"}
        | dict.fromkeys(("track", "actor", "reason"), "canary-free-text"),
    )
    ids = (
        {"contact_id": f"canary-contact-{number % 20}"},
        {"email": "ada@canary.example"},
        {"anonymous_id": "canary-visitor"},
    )
    event = {"event_id": f"canary-free-text-{number}", "occurred_at": "2026-03-01T09:00:00Z"}  # long ago
    return json.dumps(event | kinds[number % 4] | ids[number % 3]).encode()


def hostile() -> list[bytes]:
    view = '{"type": "page_view", "event_id": "e", "occurred_at": %s, "contact_id": "%s", "url": "%s"%s}'
    return [
        b"",
        b"canary-poison",
        b"\x00canary-poison",
        b"\xc3\x01canary-poison",
        b'{"type": "canary-poison"}',
        (view % ('"canary-poison"', "canary-contact", "/", "")).encode(),
        (view % ("1", "canary-contact", "/canary-path", "")).encode(),
        (view % ("1780000000000", "canary-contact\\u0000", "/", "")).encode(),
        (view % ("1780000000000", "canary-contact\\ud800", "/", "")).encode(),
        (view % ("1780000000000", "canary-contact", "http://[canary-path", "")).encode(),
        (view % ("1780000000000", "canary-contact", "/", ', "email": "ada@canary.example@canary"')).encode(),
        (view % ("1780000000000", "canary-contact", "/", ', "canary-name": 1')).encode(),
        b'{"canary-poison": ' * 2_000,
        b"canary-poison" * 80_000,
    ]


def canaries_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]
