"""Ports: chosen free on the first start and remembered, so that a restart keeps its address."""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import closing
from typing import TYPE_CHECKING

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

HOST = "127.0.0.1"

# Below every system's range for outgoing connections: while a server is down, a port inside that range can be
# taken by any client, and a client that keeps trying to connect to it can end up connected to itself.
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Return whether a server could listen on this loopback port now."""
    with closing(socket.socket()) as probe:
        # As servers do: connections of the last run that linger in TIME_WAIT do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port where nothing listens; at random, so that two stacks starting at once differ."""
    while not is_free(port := FIRST + secrets.randbelow(LAST - FIRST)):
        pass
    return port


def remembered_ports(file: Path) -> dict[str, int]:
    """Return the ports of the last start by what they are for; empty before the first."""
    try:
        return {str(use): int(port) for use, port in json.loads(file.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as error:
        raise LifecycleError(f"{file} cannot be read ({error}). Remove it: new ports are chosen.") from error


def choose_ports(file: Path, uses: tuple[str, ...], console: Console) -> dict[str, int]:
    """Return a port for each use: the remembered one, or a new one (with a message) if it was taken since."""
    remembered = remembered_ports(file)
    taken = {use: port for use, port in remembered.items() if not is_free(port)}
    for use, port in taken.items():
        console.print(
            f"Port {port} ({use}) is taken by another program: choosing a new one.", highlight=False
        )
    kept = {use: port for use, port in remembered.items() if use not in taken}
    ports = {use: kept.get(use) or free_port() for use in uses}
    file.write_text(json.dumps(ports) + "\n", encoding="utf-8")
    return ports
