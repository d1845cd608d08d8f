"""Which keys a mapping may have, found by walking the models along the location of a pydantic error."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Tag

from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
from processors.lifecycle.definition.grammar.terms import Part

Located = tuple[int | str, ...]


def keys_at(location: Located) -> dict[str, str]:
    """Return the keys of the mapping that a location lies in, or is itself, with what they mean."""
    around: Any = Lifecycle
    kinds: Any = Lifecycle
    for step in location:
        inner = _inside(around, step)
        if inner is None:
            break
        if _parts(inner):
            kinds = (
                around if str(step).startswith("<") else inner
            )  # a union's other kinds are options as well
        around = inner
    keys: dict[str, str] = {}
    for part in [*_parts(around), *_parts(kinds)]:
        for name, field in part.model_fields.items():
            keys.setdefault(field.alias or name, field.description or "")
    return keys


def _inside(annotation: Any, step: int | str) -> Any:  # noqa: ANN401 - annotations have no common type
    options = [annotation, *_options(annotation)]
    for option in options:
        if _tagged(option, step):
            return option
    for option in map(_bare, options):
        if get_origin(option) in {list, dict} and not str(step).startswith("<"):
            return get_args(option)[-1]
        if isinstance(option, type) and issubclass(option, Part):
            for name, field in option.model_fields.items():
                if step in {name, field.alias}:
                    return field.annotation
    return None


def _parts(annotation: Any) -> list[type[Part]]:  # noqa: ANN401
    bare = map(_bare, [annotation, *_options(annotation)])
    return [option for option in bare if isinstance(option, type) and issubclass(option, Part)]


def _options(annotation: Any) -> list[Any]:  # noqa: ANN401
    """Return the members of a union, those of unions inside it included."""
    bare = _bare(annotation)
    if get_origin(bare) not in {Union, UnionType}:
        return []
    members = get_args(bare)
    return [*members, *(inner for member in members for inner in _options(member))]


def _bare(annotation: Any) -> Any:  # noqa: ANN401
    return _bare(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


def _tagged(annotation: Any, step: int | str) -> bool:  # noqa: ANN401
    metadata = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return any(isinstance(part, Tag) and part.tag == step for part in metadata)
