"""Every event type and field that a lifecycle file may name: the standard events and those it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.definition.grammar.lifecycle import OneOf
from schemas.events import EVENT_TYPES, HEADER, FieldType, fields_of
from schemas.personal import FREE_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.definition.grammar.lifecycle import FieldKind, Lifecycle

CUSTOM = "custom_event"
ATTRIBUTION = (
    "source",
    "campaign",
    "medium",
    "company_id",
)  # header fields that say something about the touch
NOT_DONE_BY_A_CONTACT = {
    "clock_advanced", "contact_erased", "contacts_merged", "engagement_voided",
    "merge_undone", "spend_recorded", "stage_overridden", CUSTOM,
}  # fmt: skip
STANDARD = tuple(sorted(set(EVENT_TYPES) - NOT_DONE_BY_A_CONTACT))
DEAL_FIELDS = {"amount": FieldType(kind="number"), "stage": FieldType(kind="string")}

Fields = dict[str, FieldType]


def standard_fields(event: str) -> Fields:
    """Return the fields of a standard event that conditions may test, where the touch came from included.

    What intake seals cannot be tested: its bytes differ each time.
    """
    fields = fields_of(event)
    return {
        name: kind
        for name, kind in fields.items()
        if (name not in HEADER or name in ATTRIBUTION)
        and kind.kind not in {"map", "bytes"}
        and name != FREE_TEXT.get(event)
    }


def event_fields(lifecycle: Lifecycle) -> dict[str, Fields]:
    """Return the fields of every event type that the file may name, with its narrowings applied."""
    known = {event: standard_fields(event) for event in STANDARD}
    for event, declared in lifecycle.events.items():
        header = {name: FieldType(kind="string") for name in ATTRIBUTION}
        known[event] = {**known.get(event, header), **_types(declared)}
    return known


def profile_fields(lifecycle: Lifecycle) -> Fields:
    """Return the profile fields that the file declares."""
    return _types(lifecycle.profile)


def _types(declared: Mapping[str, FieldKind]) -> Fields:
    return {name: field_type(kind) for name, kind in declared.items()}


def field_type(kind: FieldKind) -> FieldType:
    """Read a declared field's kind."""
    if isinstance(kind, OneOf):
        return FieldType(kind="enum", symbols=tuple(kind.one_of))
    return FieldType(kind=kind)
