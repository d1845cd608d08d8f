"""Strict YAML 1.2: text to plain values, remembering where each stood.

PyYAML only splits the text into events: its own resolver is YAML 1.1 and would turn the key `on` into True,
the country `NO` into False and `09:00` into 540. Duplicate keys, anchors, aliases, tags and further documents
are refused, so a small file cannot unfold into a large one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import yaml

from processors.strict_yaml.problem import Problem, lines_of
from processors.strict_yaml.scalar import MAX_DIGITS, InexactError, Scalar, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)  # controls, halves
Value = Scalar | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands: line and column from 1, and its width on that line."""

    line: int
    column: int
    width: int = 1


@dataclass(slots=True, kw_only=True)
class Source:
    """A file's values, and the place of every value and every key by its path."""

    name: str
    text: str
    value: Value = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of the path, or of the nearest thing around it that is in the file."""
        places = (self.keys, self.values) if key else (self.values, self.keys)
        while path:
            for known in places:
                if path in known:
                    return known[path]
            path = path[:-1]
        return self.values.get((), Place(line=1, column=1))

    def refuse(self, place: Place, message: str, remedy: str, *, example: tuple[str, ...] = ()) -> None:
        """Note a problem at a place."""
        self.problems.append(
            Problem(
                line=place.line,
                column=place.column,
                width=place.width,
                message=message,
                remedy=remedy,
                example=example,
            )
        )


class _StopError(Exception):
    """The rest of the text cannot be read; the problem is already noted."""


def read(data: bytes, name: str) -> Source:
    """Read a file's bytes; what is wrong with them is in `problems`."""
    source = Source(name=name, text="")
    start = Place(line=1, column=1)
    if len(data) > MAX_BYTES:
        size = f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"
        source.refuse(start, size, "move unused definitions to another file")
        return source
    try:
        source.text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", errors="replace")
        source.text = data.decode("utf-8-sig", errors="replace")
        source.refuse(_end_of(before), "not valid UTF-8", "save the file as UTF-8")
        return source
    try:
        _Reader(source).read()
    except _StopError:
        pass  # noted where it was found
    except yaml.YAMLError as error:
        _refuse_syntax(source, error)
    return source


class _Reader:
    """Builds values from PyYAML's events with a stack of its own, so depth is bounded before Python's is."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.events: Iterator[yaml.Event] = yaml.parse(source.text, Loader=yaml.SafeLoader)
        self.stack: list[tuple[Path, dict[str, Value] | list[Value]]] = []
        self.key: list[str | None] = []  # of each open mapping: the key that waits for its value
        self.documents = 0

    def read(self) -> None:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._start_document(event)
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self.stack.pop()
                self.key.pop()

    def _start_document(self, event: yaml.Event) -> None:
        self.documents += 1
        if self.documents > 1:
            self._stop(event, "a second document starts here", "keep one document per file: remove the '---'")

    def _node(self, event: yaml.NodeEvent) -> None:
        self._refuse_sharing(event)
        if self.stack and isinstance(self.stack[-1][1], dict) and self.key[-1] is None:
            self._take_key(event)
            return
        path = self._place_value(event)
        if isinstance(event, yaml.ScalarEvent):
            self._attach(path, self._scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(path, event)

    def _refuse_sharing(self, event: yaml.NodeEvent) -> None:
        what = "not part of this language"
        if isinstance(event, yaml.AliasEvent):
            remedy = "write the value out, or quote it if it is text that starts with '*'"
            self._stop(event, f"'*{event.anchor}' is an alias: {what}", remedy)
        if event.anchor is not None:
            remedy = "write the value out wherever it is used"
            self._stop(event, f"'&{event.anchor}' is an anchor: {what}", remedy)
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            self._stop(event, f"'{self._word(event)}' is a tag: {what}", "remove the tag")

    def _word(self, event: yaml.Event) -> str:
        start = event.start_mark.index if event.start_mark is not None else 0
        return self.source.text[start:].split(maxsplit=1)[0]

    def _take_key(self, event: yaml.NodeEvent) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(event, "a key must be a name, not a list or a mapping", "write 'name: value'")
        key = str(event.value)
        path, mapping = self.stack[-1]
        if not isinstance(self._scalar(event), str):
            self.source.refuse(_place(event), f"the key {key!r} is not text", f'write it in quotes: "{key}"')
        if key in mapping:
            first = self.source.keys[(*path, key)]
            message = f"the key '{key}' appears twice; the first is on line {first.line}"
            self.source.refuse(_place(event), message, "remove one of them, or rename it")
        self.source.keys.setdefault((*path, key), _place(event))
        self.key[-1] = key

    def _place_value(self, event: yaml.NodeEvent) -> Path:
        path: Path = ()
        if self.stack:
            parent, container = self.stack[-1]
            step = self.key[-1] if isinstance(container, dict) else len(container)
            path = (*parent, "" if step is None else step)
        self.source.values.setdefault(path, _place(event))
        return path

    def _attach(self, path: Path, value: Value) -> None:
        if not self.stack:
            self.source.value = value
            return
        container = self.stack[-1][1]
        if isinstance(container, list):
            container.append(value)
        else:
            container.setdefault(str(path[-1]), value)
            self.key[-1] = None

    def _open(self, path: Path, event: yaml.CollectionStartEvent) -> None:
        if len(self.stack) == MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels", "make it flatter")
        container: dict[str, Value] | list[Value] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._attach(path, container)
        self.stack.append((path, container))
        self.key.append(None)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        if UNSEEN.search(event.value):  # written with an escape: as it is, YAML does not let it in
            message = "text holds a character that cannot be seen"
            self.source.refuse(_place(event), message, "remove the escape")
            return ""
        if event.style is not None:  # quoted, or a block of text
            return event.value
        try:
            return resolve(event.value)
        except InexactError:
            message = f"'{event.value}' is not a number that can be compared exactly"
            remedy = f"write it in full with at most {MAX_DIGITS} digits, or quote it if it is text"
            self.source.refuse(_place(event), message, remedy)
            return 0

    def _stop(self, event: yaml.Event, message: str, remedy: str) -> NoReturn:
        self.source.refuse(_place(event), message, remedy)
        raise _StopError


def _place(event: yaml.Event) -> Place:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:  # PyYAML's types allow it; its parser always sets both
        return Place(line=1, column=1)
    width = end.column - start.column if end.line == start.line else 1
    return Place(line=start.line + 1, column=start.column + 1, width=max(1, width))


def _end_of(text: str) -> Place:
    lines = lines_of(text)
    return Place(line=len(lines), column=len(lines[-1]) + 1)


def _refuse_syntax(source: Source, error: yaml.YAMLError) -> None:
    """Put PyYAML's complaint into one line; an unprintable character has a position but no mark."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        place = Place(line=error.problem_mark.line + 1, column=error.problem_mark.column + 1)
        source.refuse(place, f"not valid YAML: {error.problem}", _syntax_remedy(error))
        return
    place = _end_of(source.text[: getattr(error, "position", 0)])
    source.refuse(place, "a control character cannot stand here", "remove it")


def _syntax_remedy(error: yaml.MarkedYAMLError) -> str:
    if error.context_mark is not None and error.context is not None:
        line = error.context_mark.line + 1
        return f"{error.context} that starts on line {line}: check brackets, commas and indentation"
    return "check indentation, or quote text that contains ': ' or ' #'"
