"""The lock of published lifecycles: a JSON file beside them, `id@version` → plan hash; keep it in git."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCK = "published.json"


def lock_of(place: Path) -> Path:
    """Return the lock's own path, for a folder or for the lock itself."""
    return place / LOCK if place.is_dir() else place


def read_published(lock: Path) -> dict[str, str]:
    """Read a lock; one that is not there has nothing published. Raises LifecycleError."""
    if not lock.exists():
        return {}
    try:
        found = json.loads(lock.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LifecycleError(
            f"{lock}: cannot be read ({error}): take it back from version control"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise LifecycleError(f"{lock}: not a list of published versions: take it back from version control")
    return found


def publish(lock: Path, versions: Mapping[str, str]) -> None:
    """Add versions to a lock, all of them or none."""
    known = read_published(lock) | dict(versions)
    fresh = lock.with_suffix(".new")
    fresh.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")
    fresh.replace(lock)
