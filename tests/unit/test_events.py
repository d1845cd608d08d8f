import pytest

from schemas import events
from schemas.errors import SchemaError


def test_every_event_starts_with_the_same_header() -> None:
    for record in events.RECORDS:
        if record.role != "output":
            assert tuple(events.fields_of(record.name))[: len(events.HEADER)] == events.HEADER, str(record)


def test_the_file_is_named_for_the_record_and_its_version() -> None:
    assert [record.name for record in events.RECORDS] == [record.schema["name"] for record in events.RECORDS]


def test_fields_tell_their_types() -> None:
    fields = events.fields_of("asset_download")
    assert fields["asset"] == events.FieldType(kind="string")
    assert fields["gated"] == events.FieldType(kind="boolean", required=False, default=False)
    assert fields["buying_stage"] == events.FieldType(
        kind="enum", symbols=("awareness", "consideration", "decision"), nullable=True, required=False
    )
    assert events.fields_of("deal_changed")["amount"].kind == "number"
    assert events.fields_of("webinar_attended")["minutes"].kind == "integer"
    assert events.fields_of("page_view")["occurred_at"].kind == "timestamp"
    assert events.fields_of("contact_updated")["profile"].kind == "map"


def test_a_misspelt_type_is_refused_with_the_right_one() -> None:
    with pytest.raises(SchemaError, match="did you mean page_view"):
        events.fields_of("page_vew")


def test_outputs_are_not_events() -> None:
    with pytest.raises(SchemaError, match="not known"):
        events.fields_of("stage_changed")
