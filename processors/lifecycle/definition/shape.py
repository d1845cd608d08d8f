"""Values → models: what does not have the shape of a lifecycle file becomes problems with a remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
from processors.lifecycle.definition.phrases import phrase
from processors.lifecycle.definition.shape_keys import keys_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from processors.strict_yaml.source import Path, Source, Value

KEY = "[key]"  # pydantic's last step when a mapping's key is wrong, not its value


def read_shape(source: Source) -> Lifecycle | None:
    """Make the models of a file; None when its shape is wrong, which `source.problems` then says."""
    empty = list(_empty(source.value, ()))
    for path in empty:
        what = f"'{path[-1]}' has no value" if path else "the file is empty"
        source.refuse(source.place(path, key=True), what, "give it one, or remove it")
    try:
        lifecycle = Lifecycle.model_validate(source.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        misspelt = {_path(d)[:-1] for d in details if d["type"] == "extra_forbidden"}
        for detail in details:
            path = _path(detail)
            caused_elsewhere = detail["type"] == "missing" and path[:-1] in misspelt
            if path not in empty and not caused_elsewhere:
                _refuse(source, detail)
        return None
    return None if empty else lifecycle


def _empty(value: Value, path: Path) -> Iterator[Path]:
    """Yield the places of empty values: `enter:` without a condition would pass as no `enter` at all."""
    if value is None:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from _empty(inner, (*path, step))


def _refuse(source: Source, detail: ErrorDetails) -> None:
    path = _path(detail)
    message, remedy = phrase(detail, keys_at(detail["loc"]))
    at_key = detail["type"] == "extra_forbidden" or path[-1:] == (KEY,)
    if detail["type"] == "missing" or path[-1:] == (KEY,):
        path = path[:-1]
    if (
        detail["type"] in {"condition", "decay"}
        and isinstance(detail["input"], dict)
        and len(detail["input"]) == 1
    ):
        path, at_key = (*path, *detail["input"]), True  # the one key is what is not known
    source.refuse(source.place(path, key=at_key), message, remedy)


def _path(detail: ErrorDetails) -> Path:
    """Leave out the tags that unions put into a location; they stand in angle brackets."""
    return tuple(step for step in detail["loc"] if not str(step).startswith("<"))
