"""The worker's pages: `/healthz` (it lives), `/readyz` (it keeps up), `/metrics` (for Prometheus)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from processors.engine.metrics import Partitions, exposition
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import faust
    from faust.types.web import Request, Response
    from faust.web import View

    from processors.engine.member import Member


class Health(NamedTuple):
    """Where the pages listen, and from how many offsets of lag on a worker is not ready."""

    host: str
    port: int
    lag_bound: int


def check_address(health: Health) -> None:
    """Refuse an address that cannot be listened on while that is easily told. Raises LifecycleError."""
    try:
        socket.create_server((health.host, health.port)).close()
    except OSError as error:
        raise LifecycleError(
            f"{health.host}:{health.port} cannot be listened on ({error.strerror})."
            " Choose another with --health-port."
        ) from error


def add_pages(app: faust.App, members: Sequence[Member], health: Health) -> None:
    """Serve the pages on the app's web server."""
    gauges = CollectorRegistry()
    gauges.register(Partitions(members))

    async def healthz(view: View, _: Request) -> Response:
        return view.json({member.label: member.status() for member in members})

    async def readyz(view: View, _: Request) -> Response:
        reasons = [reason for member in members if (reason := not_ready(member, health.lag_bound))]
        return view.json({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def metrics(view: View, _: Request) -> Response:
        return view.bytes(exposition(gauges), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    for path, page in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        app.page(path)(page)


def not_ready(member: Member, lag_bound: int) -> str | None:
    """Say why a member is not ready: not assigned, not restored, or too far behind. None: it is."""
    if not member.joined:
        return f"{member.label}: no partitions assigned yet"
    if not member.ready():
        status = member.status()
        return f"{member.label}: {status['open']} of {status['assigned']} partitions restored"
    lags = [look.lag for look in member.looks()]
    if None in lags:
        return f"{member.label}: the lag is not known yet"
    if (lag := sum(lag or 0 for lag in lags)) > lag_bound:
        return f"{member.label}: {lag} offsets behind, more than {lag_bound}"
    return None
