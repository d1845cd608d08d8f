"""Fetch Kafka's jars before a first start, while something else computes.

`python -m processors.stack.fetch`
"""

from __future__ import annotations

import sys

from rich.console import Console

from processors.stack.jars import cache_folder, fetch_missing, locked_jars
from schemas.errors import LifecycleError


def main() -> None:
    """Fetch what is missing; silent if nothing is."""
    try:
        fetch_missing(cache_folder(), locked_jars(), Console())
    except LifecycleError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
