"""Where a long-running command serves its health pages: the options that all of them have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def health_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `health_port` (None: not served) and `health_host`."""
    port = click.option(
        "--health-port",
        type=click.IntRange(0, 65535),
        help="Serve /healthz, /readyz and /metrics there. [default: not served]",
    )
    host = click.option(
        "--health-host", default="127.0.0.1", show_default=True, help="Address that these pages listen on."
    )
    return port(host(command))
