"""Every name that is used must be declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.definition.checks.walk import stages
from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.lifecycle import AnyBehaviour
from processors.lifecycle.definition.grammar.scoring import BehaviourRule, ScoreSegment

if TYPE_CHECKING:
    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.definition.checks.walk import Found
    from processors.strict_yaml.source import Path


def check_behaviours(file: File) -> None:
    """Check the parts of a behaviour, and what scoring rules count."""
    behaviours = file.lifecycle.behaviours
    for name, behaviour in behaviours.items():
        if isinstance(behaviour, AnyBehaviour):
            for i, part in enumerate(behaviour.any_of):
                file.known(("behaviours", name, "any_of", i), "behaviour", part, behaviours)
    for name, score in file.lifecycle.scores.items():
        for i, rule in enumerate(score.rules):
            if isinstance(rule, BehaviourRule):
                path: Path = ("scores", name, "rules", i)
                file.known((*path, "per"), "behaviour", rule.per, behaviours)
                _check_distinct(file, path, rule.per, rule.distinct)


def check_conditions(file: File) -> None:
    """Check what conditions name."""
    for found in file.conditions:
        match found.node:
            case str():
                file.known(found.path, "criterion", found.node, file.lifecycle.criteria)
            case written.Did(did=terms):
                file.known((*found.path, "did", "what"), "behaviour", terms.what, file.lifecycle.behaviours)
                _check_distinct(file, (*found.path, "did"), terms.what, terms.distinct)
            case written.DidNot(did_not=terms):
                place = (*found.path, "did_not", "what")
                file.known(place, "behaviour", terms.what, file.lifecycle.behaviours)
            case written.Active(active=terms):
                place = (*found.path, "active", "what")
                file.known(place, "behaviour", terms.what, file.lifecycle.behaviours)
            case _:
                _check_entries(file, found)


def _check_entries(file: File, found: Found) -> None:
    path, node = found
    lifecycle = file.lifecycle
    match node:
        case written.Profile():
            for name in node.profile:
                file.known((*path, "profile", name), "profile field", name, lifecycle.profile, key=True)
        case written.Score():
            for name in node.score:
                file.known((*path, "score", name), "score", name, [*lifecycle.scores, "total"], key=True)
        case written.Last():
            for name in node.last:
                _check_event_field(file, (*path, "last", name), name)
        case written.Segment():
            for name, band in node.segment.items():
                _check_band(file, (*path, "segment", name), name, band)
        case written.Reached():
            file.known(
                (*path, "reached"), "stage", node.reached, [stage.id for _, stage in stages(lifecycle)]
            )


def _check_event_field(file: File, path: Path, name: str) -> None:
    event, dot, field = name.partition(".")
    if not dot:
        file.refuse(
            path, f"'{name}' is not an event's field", "write event.field, as in page_view.url", key=True
        )
    elif file.known(path, "event type", event, file.events, key=True):
        file.known(path, "field", field, file.events[event], of=event, key=True)


def _check_band(file: File, path: Path, name: str, band: str) -> None:
    if file.known(path, "segment", name, file.lifecycle.segments, key=True):
        segment = file.lifecycle.segments[name]
        bands = segment.bands if isinstance(segment, ScoreSegment) else segment.when
        file.known(path, "band", band, [one.id for one in bands], of=f"segment {name}")


def _check_distinct(file: File, path: Path, behaviour: str, field: str | None) -> None:
    """Every event type that a behaviour counts must have the field, or some events would never count."""
    if field is None:
        return
    for part in file.filters(behaviour):
        if part.event in file.events and not file.known(
            (*path, "distinct"), "field", field, file.events[part.event], of=part.event
        ):
            return


def check_segments(file: File) -> None:
    """Check what segments divide."""
    for name, segment in file.lifecycle.segments.items():
        if isinstance(segment, ScoreSegment):
            file.known(("segments", name, "of"), "score", segment.of, [*file.lifecycle.scores, "total"])


def check_ways_out(file: File) -> None:
    """Check where stages lead, and what they reset."""
    resets = [*file.lifecycle.scores, "counts"]
    found = list(stages(file.lifecycle))
    for path, stage in found:
        own = [other.id for place, other in found if place[:-1] == path[:-1]]
        for i, way in enumerate(stage.leave):
            here: Path = (*path, "leave", i)
            if way.goto == stage.id:
                file.refuse((*here, "goto"), f"'{stage.id}' leaves to itself", "name another stage")
            else:
                file.known((*here, "goto"), "stage", way.goto, own, of="this ladder")
            for j, name in enumerate(way.reset):
                file.known((*here, "reset", j), "score to reset", name, resets)
