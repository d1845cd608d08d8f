"""Plain scalars by the YAML 1.2 core schema, except that every number must be exact."""

from __future__ import annotations

import re
from decimal import Decimal

MAX_DIGITS = 15  # a number this long is exact everywhere, in JSON readers too

Scalar = None | bool | int | Decimal | str

_KEYWORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)")
_EXPONENT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class InexactError(ValueError):
    """A number with an exponent, without end, or with too many digits."""


def resolve(text: str) -> Scalar:
    """Read an unquoted scalar. Raises InexactError for a number that cannot be compared exactly."""
    if text in _KEYWORDS:
        return _KEYWORDS[text]
    if _EXPONENT.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        raise InexactError
    if _INTEGER.fullmatch(text):
        return int(_short(text))
    if _PREFIXED.fullmatch(text):
        return int(_short(text), 0)
    return Decimal(_short(text)) if _DECIMAL.fullmatch(text) else text


def _short(text: str) -> str:
    if sum(map(str.isalnum, text)) > MAX_DIGITS:
        raise InexactError
    return text
