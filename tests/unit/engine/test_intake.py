import json

from processors.engine.intake import Intake
from processors.sealing import opened
from schemas.codec import decode_trusted
from tests.builders.records import FetchedRecord, batch_of

VIEW = {
    "type": "page_view", "event_id": "e1", "contact_id": "c1",
    "occurred_at": "2026-03-01T09:30:00Z", "url": "https://x.example/products/a",
}  # fmt: skip


def test_an_event_is_admitted_under_its_contact_and_stamped_with_its_arrival() -> None:
    batch = batch_of(FetchedRecord(value=json.dumps(VIEW).encode(), timestamp=1_780_000_000_123))
    Intake().process(batch)
    (output,) = batch.outputs
    event = decode_trusted(output.value or b"")
    assert (output.topic, output.key) == ("contact-events", b"c1")
    assert (event["event_id"], event["received_at"]) == ("e1", 1_780_000_000_123)


def test_poison_becomes_a_dead_letter_with_its_bytes_and_reason_and_the_rest_goes_on() -> None:
    poison = FetchedRecord(
        value=b'{"type": "page_wiew"}', key=b"k", offset=41, partition=3, headers=[("trace", b"t1")]
    )
    good = FetchedRecord(value=json.dumps(VIEW).encode(), offset=42)
    batch = batch_of(poison, good)
    Intake().process(batch)
    letter, admitted = batch.outputs
    headers = dict(letter.headers)
    assert b"page_wiew" in (headers.pop("stageline-reason") or b"")
    assert (letter.topic, letter.key, letter.value) == ("dead-letter", b"k", b'{"type": "page_wiew"}')
    assert headers == {
        "trace": b"t1",
        "stageline-topic": b"engagement",
        "stageline-partition": b"3",
        "stageline-offset": b"41",
        "stageline-stage": b"intake",
        "stageline-at": b"1780000000000",
    }
    assert admitted.topic == "contact-events"
    assert batch.next_offset == 43


def test_personal_values_go_out_sealed_with_their_keys_in_the_same_transaction() -> None:
    told = VIEW | {"email": "Ada@Canary.example"}
    batch = batch_of(FetchedRecord(value=json.dumps(told).encode()))
    Intake().process(batch)
    admitted, key = batch.outputs
    assert (admitted.topic, key.topic, key.key) == ("contact-events", "contact-keys", b"c1\0email")
    sealed = decode_trusted(admitted.value or b"")["email"]
    assert opened(sealed, "email", {b"c1\0email": key.value or b""}) == "ada@canary.example"
    assert not any(b"canary" in (one.value or b"").lower() for one in batch.outputs)


def test_what_is_done_again_after_an_aborted_transaction_has_other_keys() -> None:
    record = FetchedRecord(value=json.dumps(VIEW | {"email": "ada@canary.example"}).encode())
    batches = [batch_of(record), batch_of(record)]
    for batch in batches:
        Intake().process(batch)
    assert batches[0].outputs[1].value != batches[1].outputs[1].value
