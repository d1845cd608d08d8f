"""Nothing may be defined by itself, nor unfold into more than a plan should hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.definition.checks.walk import Found, walk
from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.lifecycle import AnyBehaviour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle

MAX_NODES = 2_000  # conditions inside one, criteria written out: criteria of criteria can double at each step


def check_behaviours(file: File) -> None:
    """Refuse behaviours that are made of themselves."""
    behaviours = file.lifecycle.behaviours
    parts = {name: b.any_of if isinstance(b, AnyBehaviour) else [] for name, b in behaviours.items()}
    _refuse_circles(file, "behaviours", parts)


def check_criteria(file: File) -> None:
    """Refuse criteria that are made of themselves, and those that unfold without end."""
    parts = {name: _named_by(Found((), node)) for name, node in file.lifecycle.criteria.items()}
    if _refuse_circles(file, "criteria", parts):
        return
    sizes: dict[str, int] = {}
    for name in parts:
        if _size(name, file.lifecycle, sizes) > MAX_NODES:
            message = f"'{name}' unfolds into more than {MAX_NODES:,} conditions"
            file.refuse(("criteria", name), message, "use fewer criteria inside criteria", key=True)
            return


def _named_by(found: Found) -> list[str]:
    return [node for _, node in walk(found) if isinstance(node, str)]


def _refuse_circles(file: File, section: str, parts: Mapping[str, Sequence[str]]) -> bool:
    """Note one problem for each circle, at its first name in the file."""
    done: set[str] = set()
    for name in parts:
        circle = _circle(name, parts)
        if circle and not done & set(circle):
            shown = " → ".join([*circle, name])
            message = f"'{name}' is defined by itself: {shown}"
            file.refuse((section, name), message, "write one of them out without the others", key=True)
        done |= set(circle)
    return bool(done)


def _circle(start: str, parts: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the shortest way from a name back to itself; empty when there is none."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:  # grows while it is read: breadth first
        for part in parts.get(way[-1], ()):
            if part == start:
                return way
            if part not in seen:
                seen.add(part)
                ways.append([*way, part])
    return []


def _size(name: str, lifecycle: Lifecycle, sizes: dict[str, int]) -> int:
    if name not in sizes and name in lifecycle.criteria:
        nodes = [node for _, node in walk(Found((), lifecycle.criteria[name]))]
        inner = sum(_size(node, lifecycle, sizes) for node in nodes if isinstance(node, str))
        sizes[name] = min(len(nodes) + inner, MAX_NODES + 1)
    return sizes.get(name, 1)


def check_scores(file: File) -> None:
    """Refuse scores and segments that would have to be known before they are."""
    order = list(file.lifecycle.segments)
    for path, node in file.conditions:
        if path[0] == "criteria":
            continue
        for inner in _unfolded(node, file.lifecycle):
            if path[0] == "scores" and isinstance(inner, (written.Score, written.Segment)):
                message = "points cannot depend on a score or a segment: those come after the points"
                file.refuse(path, message, "test behaviours, profile fields, deals or stages instead")
                break
            if path[0] == "segments" and isinstance(inner, written.Segment):
                later = [name for name in inner.segment if name in order[order.index(str(path[1])) :]]
                if later:
                    other = "itself" if later[0] == path[1] else f"'{later[0]}', which is below it"
                    message = f"'{path[1]}' cannot depend on {other}"
                    file.refuse(path, message, "a segment may only look at segments above it")
                    break


def _unfolded(node: str | written.Node, lifecycle: Lifecycle) -> list[str | written.Node]:
    """Return a condition and, once each, those of the criteria it names."""
    found: list[str | written.Node] = []
    waiting, seen = [node], set()
    while waiting:
        one = waiting.pop()
        found.append(one)
        for name in _named_by(Found((), one)):
            if name not in seen and name in lifecycle.criteria:
                seen.add(name)
                waiting.extend(inner for _, inner in walk(Found((), lifecycle.criteria[name])))
    return found
