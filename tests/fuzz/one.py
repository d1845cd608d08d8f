"""One target under libFuzzer, in a process of its own: `python -m tests.fuzz.one TARGET [OPTION or FILE]...`.

libFuzzer looks for inputs that reach new lines of our modules. It ends the process when it has done its
number, when a check raises, or when an input takes too long or too much memory.
"""

from __future__ import annotations

import os
import sys

import atheris

with atheris.instrument_imports(include=["schemas", "processors", "projections"]):
    from tests.fuzz.checks import PURE
    from tests.fuzz.requests import requests_to


def main(target: str, *options: str) -> None:
    """Run; the process exits with libFuzzer's code, 0 if nothing was found. `http` asks REDIS_URL."""
    check = PURE.get(target) or requests_to(os.environ["REDIS_URL"])
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


main(*sys.argv[1:])
