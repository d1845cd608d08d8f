"""A lifecycle file with other values in it: its text is edited where the value stands, then checked anew.

So a variant is what somebody would get who typed the value into the file, and what the checker says of it
has its place in that file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.lifecycle_files import compile_lifecycle, read_lifecycle
from processors.strict_yaml.problem import Problem, lines_of, nearest, render
from processors.strict_yaml.source import read
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from processors.lifecycle.plan import Plan
    from processors.strict_yaml.source import Path, Place, Source, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A plan, and what stands in the file for what is varied."""

    settings: Mapping[str, str]
    plan: Plan


def make_variants(file: str, combinations: Sequence[Mapping[str, str]]) -> list[Variant]:
    """Compile the file as it is, then every combination; of those that decide alike the first is kept.

    Raises LifecycleError for a path that is not in the file and for a value that the checker refuses.
    """
    name, data = read_lifecycle(file)
    plan, source = compile_lifecycle(name, data), read(data, name)
    own = {setting: _literal(source, _find(source, setting)) for setting in combinations[0]}
    variants = {plan.plan_hash: Variant(settings=own, plan=plan)}
    for settings in combinations:
        plan = _compiled(name, data, settings)
        variants.setdefault(plan.plan_hash, Variant(settings=settings, plan=plan))
    return list(variants.values())


def _compiled(name: str, data: bytes, settings: Mapping[str, str]) -> Plan:
    for setting, text in settings.items():
        data = edited(read(data, name), setting, text)
    try:
        return compile_lifecycle(name, data)
    except LifecycleError as error:
        said = ", ".join(f"{setting}={text}" for setting, text in settings.items())
        raise LifecycleError(f"With {said} the file is refused:\n{error}") from None


def edited(source: Source, setting: str, text: str) -> bytes:
    """Return the file with `text` as the value of a setting. Raises LifecycleError."""
    path = _find(source, setting)
    old, start = _literal(source, path), _index(source.text, source.place(path))
    quote = old[0] if old[0] in "\"'" else ""
    changed = f"{source.text[:start]}{quote}{text}{quote}{source.text[start + len(old) :]}".encode()
    after = read(changed, source.name)
    if after.problems or after.values.keys() != source.values.keys():
        raise _refusal(source, path, f"'{text}' cannot stand for {setting}", "write one plain value")
    return changed


def _literal(source: Source, path: Path) -> str:
    """Return a value as it is written."""
    place = source.place(path)
    start = _index(source.text, place)
    return source.text[start : start + place.width]


def _find(source: Source, setting: str) -> Path:
    """Walk down by keys, and in lists by `id` or number."""
    path: Path = ()
    value = source.value
    for step in setting.split("."):
        known = _within(value)
        if step not in known:
            walked = ".".join(setting.split(".")[: len(path)])
            where = f"'{walked}'" if path else "the file"
            raise _refusal(source, path, f"{where} has no '{step}'", nearest(step, known))
        key, value = known[step]
        path = (*path, key)
    if isinstance(value, (dict, list)):
        raise _refusal(source, path, f"'{setting}' is not one value", nearest("", _within(value)))
    return path


def _within(value: Value) -> dict[str, tuple[str | int, Value]]:
    """Name what a value holds → its step in a path, and itself."""
    if isinstance(value, dict):
        return {key: (key, inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return {}
    found: dict[str, tuple[str | int, Value]] = {}
    for index, inner in enumerate(value):
        named = inner.get("id") if isinstance(inner, dict) else None
        found[str(index if named is None else named)] = index, inner
    return found


def _index(text: str, place: Place) -> int:
    """Find where in the text a place is. Line breaks of two characters are of the lines before it."""
    lines = lines_of(text)
    start = 0
    for line in lines[: place.line - 1]:
        start += len(line)
        start += 2 if text.startswith("\r\n", start) else 1
    return start + place.column - 1


def _refusal(source: Source, path: Path, message: str, remedy: str) -> LifecycleError:
    place = source.place(path, key=True)
    problem = Problem(line=place.line, column=place.column, width=place.width, message=message, remedy=remedy)
    return LifecycleError("--vary: " + render([problem], name=source.name, text=source.text))
