"""What a file declares: event types, fields, unique ids, names that mean something already."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from processors.lifecycle.definition import vocabulary
from processors.lifecycle.definition.checks.walk import stages
from processors.lifecycle.definition.grammar.lifecycle import EventFilter
from processors.lifecycle.definition.grammar.scoring import ScoreSegment
from processors.strict_yaml.problem import nearest
from schemas.events import EVENT_TYPES, INTERNAL_TYPES, OUTPUT_TYPES
from schemas.personal import is_personal_fact, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.definition.checks.file import File
    from processors.strict_yaml.source import Path
    from schemas.events import FieldType


def check_events(file: File) -> None:
    """Check declared event types: own ones are free, standard ones can only be narrowed."""
    for event, fields in file.lifecycle.events.items():
        path: Path = ("events", event)
        if event in {*EVENT_TYPES, *INTERNAL_TYPES, *OUTPUT_TYPES} and event not in vocabulary.STANDARD:
            message = f"'{event}' is a record of Stageline, not something a contact does"
            file.refuse(path, message, "choose another name", key=True)
        elif event in vocabulary.STANDARD:
            for name, kind in fields.items():
                standard = vocabulary.standard_fields(event)
                if file.known((*path, name), "field", name, standard, of=event, key=True):
                    _check_narrowing(file, (*path, name), standard[name], vocabulary.field_type(kind))


def _check_narrowing(file: File, path: Path, standard: FieldType, declared: FieldType) -> None:
    if declared.kind == "enum" and standard.kind == "enum":
        for i, symbol in enumerate(declared.symbols):
            if symbol not in standard.symbols:
                place = (*path, "one_of", i)
                file.refuse(place, f"{path[-1]} is never '{symbol}'", nearest(symbol, standard.symbols))
    elif declared.kind != standard.kind and (declared.kind, standard.kind) != ("enum", "string"):
        kind = f"one of {', '.join(standard.symbols)}" if standard.symbols else standard.kind
        message = f"{path[-2]}.{path[-1]} is {kind}, not {declared.kind}"
        file.refuse(path, message, "write its own kind; text may be narrowed with one_of")


def check_filters(file: File) -> None:
    """Check event types and fields that behaviours name."""
    for name, behaviour in file.lifecycle.behaviours.items():
        if not isinstance(behaviour, EventFilter):
            continue
        path: Path = ("behaviours", name)
        if behaviour.event == vocabulary.CUSTOM:
            remedy = "declare your event type under 'events:' and write its name here"
            file.refuse((*path, "event"), "'custom_event' stands for every custom event", remedy)
        elif file.known((*path, "event"), "event type", behaviour.event, file.events):
            fields = file.events[behaviour.event]
            for field in behaviour.where:
                file.known((*path, "where", field), "field", field, fields, of=behaviour.event, key=True)


def check_unique(file: File) -> None:
    """Check ids that name stored state."""
    lifecycle = file.lifecycle
    _unique(file, "stage", (((*path, "id"), stage.id) for path, stage in stages(lifecycle)))
    for name, score in lifecycle.scores.items():
        ids = ((("scores", name, "rules", i, "id"), rule.id) for i, rule in enumerate(score.rules))
        _unique(file, "rule", ids)
    for name, segment in lifecycle.segments.items():
        if isinstance(segment, ScoreSegment):
            key, bands = "bands", [band.id for band in segment.bands]
        else:
            key, bands = "when", [band.id for band in segment.when]
        _unique(file, "band", ((("segments", name, key, i, "id"), band) for i, band in enumerate(bands)))
    for path, stage in stages(lifecycle):
        _unique(file, "status", (((*path, "statuses", i), one) for i, one in enumerate(stage.statuses)))


def _unique(file: File, what: str, ids: Iterable[tuple[Path, str]]) -> None:
    first: dict[str, int] = {}
    for path, name in ids:
        line = file.source.place(path).line
        if name in first:
            message = f"the {what} '{name}' is there already, on line {first[name]}"
            file.refuse(path, message, "rename one of them, or remove it")
        first.setdefault(name, line)


def check_reserved(file: File) -> None:
    """Check names that mean something already."""
    for name in {"total", "counts"} & file.lifecycle.scores.keys():
        meaning = "the sum of all scores" if name == "total" else "the counts of behaviours, in 'reset'"
        file.refuse(("scores", name), f"'{name}' already means {meaning}", "choose another name", key=True)
    for path, stage in stages(file.lifecycle):
        if stage.id == "none":
            file.refuse((*path, "id"), "'none' already means no stage", "choose another name")
    for name in filter(is_personal_fact, file.lifecycle.profile):
        message = (
            f"'{name}' is about the person alone: it is sealed when it comes in, and no rule can read it"
        )
        remedy = f"have the publisher send what the rule is to know, as in has_{plain(name)}: boolean"
        file.refuse(("profile", name), message, remedy, key=True)
    if "main" in file.lifecycle.tracks:
        message = "'main' is the ladder under 'stages'"
        file.refuse(("tracks", "main"), message, "choose another name", key=True)


def check_timezone(file: File) -> None:
    """Check that the timezone is one of the IANA database."""
    name = file.lifecycle.timezone
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = nearest(name, available_timezones())
        remedy = close if close.startswith("did you mean") else "write an IANA name, as in Europe/London"
        file.refuse(("timezone",), f"no timezone '{name}'", remedy)
