"""Whether the compiled back-end, `stageline-native`, is there and to be used: a wheel of its own."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

BACKEND = "STAGELINE_BACKEND"
"""Variable of the environment; `reference`: without the compiled back-end, whether it is installed or not."""


@cache
def is_installed() -> bool:
    """Tell whether the wheel is there."""
    return find_spec("stageline_native") is not None  # where it is not, all of the path is searched each time


def native() -> ModuleType | None:
    """Return the compiled back-end; None where it is not used."""
    if os.environ.get(BACKEND) == "reference" or not is_installed():
        return None
    import stageline_native  # noqa: PLC0415 - it may be missing

    return stageline_native
