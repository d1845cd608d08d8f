"""`services.json` in the home folder: where the local stack answers, for every other command to find."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "services.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where Kafka (`host:port`, comma-separated) and Redis or Valkey (`redis://…`) answer."""

    bootstrap: str
    redis_url: str


def read_services(home: Path) -> Servers | None:
    """Return the addresses that `stageline up` wrote down, or None while no local stack is up.

    Raises LifecycleError if the file is not ours or damaged.
    """
    path = home / FILE
    try:
        return Servers(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise LifecycleError(
            f"{path} cannot be read ({error}). Remove it, or set STAGELINE_HOME to another folder."
        ) from error


def write_services(home: Path, servers: Servers) -> None:
    """Write the addresses in one step: a reader sees the old file or the new one, never half of it."""
    half = home / f"{FILE}.new"
    half.write_text(json.dumps(asdict(servers), indent=2) + "\n", encoding="utf-8")
    half.replace(home / FILE)


def forget_services(home: Path) -> None:
    """Remove the addresses: the stack is down."""
    (home / FILE).unlink(missing_ok=True)
