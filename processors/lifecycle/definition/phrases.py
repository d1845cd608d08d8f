"""What pydantic found, in the words of a lifecycle file: what is wrong, and what to write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from processors.lifecycle.definition.grammar.conditions import KINDS
from processors.lifecycle.definition.grammar.terms import show
from processors.strict_yaml.problem import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic_core import ErrorDetails

Phrase = tuple[str, str]
DECAYS = "write none, {half_life: 30d}, {steps: [{after: 30d, keep: 50%}]} or {expires: 90d}"
CONDITION = "a condition is a criterion's name or a mapping such as {did: {what: …}}"


def phrase(detail: ErrorDetails, keys: Mapping[str, str]) -> Phrase:
    """Say what is wrong and what to write; `keys` are those the place knows, with their meaning."""
    if detail["type"] == "extra_forbidden":
        return _unknown_key(str(detail["loc"][-1]), keys)
    if detail["type"] == "missing":
        key = str(detail["loc"][-1])
        return f"'{key}' is missing", f"{key}: {keys.get(key, '')}"
    if detail["type"] in {"model_type", "dict_type"}:
        options = f"; keys: {', '.join(keys)}" if detail["type"] == "model_type" else ""
        return f"{show(detail['input'])} is not a mapping", f"write {{key: value}}{options}"
    return _PHRASES[detail["type"]](detail["input"], detail.get("ctx", {}))


def _unknown_key(key: str, keys: Mapping[str, str]) -> Phrase:
    if key == "<<":
        return "'<<' merges keys in YAML 1.1; it is not part of this language", "write the keys out"
    return f"unknown key '{key}'", nearest(key, keys)


def _decay(value: object, _: Mapping[str, Any]) -> Phrase:
    if isinstance(value, dict) and len(value) == 1:
        (kind,) = value
        return f"unknown decay '{kind}'", nearest(kind, ("half_life", "steps", "expires"))
    return f"{show(value)} is not a decay", DECAYS


def _condition(value: object, _: Mapping[str, Any]) -> Phrase:
    if not isinstance(value, dict):
        return f"{show(value)} is not a condition", CONDITION
    if len(value) == 1:
        (kind,) = value
        return f"unknown condition '{kind}'", nearest(kind, KINDS)
    if not value:
        return "an empty mapping is not a condition", CONDITION
    kinds = ", ".join(map(str, value))
    return f"a condition has one key, this has {len(value)}: {kinds}", "join them with 'all:' or 'any:'"


def _literal(value: object, context: Mapping[str, Any]) -> Phrase:
    expected = str(context["expected"])
    known = re.findall(r"'([^']*)'", expected) or [expected]
    remedy = f"write {known[0]}" if len(known) == 1 else nearest(value, known)
    return f"{show(value)} is not known here", remedy


def _refused(_: object, context: Mapping[str, Any]) -> Phrase:
    return str(context["message"]), str(context["remedy"])


_PHRASES: dict[str, Callable[[Any, Mapping[str, Any]], Phrase]] = {
    "refused": _refused,
    "condition": _condition,
    "decay": _decay,
    "literal_error": _literal,
    "string_type": lambda value, _: (
        f"{show(value)} is not text",
        'write text; in quotes if it looks like "7"',
    ),
    "int_type": lambda value, _: (
        f"{show(value)} is not a whole number",
        "write digits only, without quotes",
    ),
    "bool_type": lambda value, _: (
        f"{show(value)} is not a yes or no",
        "write true or false, without quotes",
    ),
    "list_type": lambda value, _: (f"{show(value)} is not a list", f"write [{_inner(value)}]"),
    "too_short": lambda _, __: ("this is empty", "give it at least one entry, or remove it"),
    "string_too_short": lambda _, __: ("this text is empty", "write something, or remove it"),
    "string_too_long": lambda _, context: (
        "this text is too long",
        f"at most {context['max_length']} characters",
    ),
    "greater_than_equal": lambda value, context: (f"{value} is too small", f"write at least {context['ge']}"),
    "less_than_equal": lambda value, context: (f"{value} is too large", f"write at most {context['le']}"),
    "string_pattern_mismatch": lambda value, _: (
        f"{show(value)} is not a list of values",
        "write [one, two], or '$' and the name of a list, as in $free_mail",
    ),
}


def _inner(value: object) -> str:
    return "…" if isinstance(value, dict) else str(value)
