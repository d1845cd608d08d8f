"""The packages of the `local` extra, needed only to start a server: a container goes without."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from types import ModuleType

OTHER_WAYS = "or use Docker (`docker compose up`), or give BOOTSTRAP_SERVERS and REDIS_URL"


def local_package(name: str) -> ModuleType:
    """Import a module of the `local` extra.

    Raises LifecycleError naming the package and the other ways to get the servers.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise LifecycleError(
            f"The local stack needs the package {error.name}: pip install 'stageline[local]', {OTHER_WAYS}."
        ) from error
