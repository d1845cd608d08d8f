"""`stageline projector`: keeps the views in Redis up to date, until it is told to stop."""

from __future__ import annotations

import logging
import signal
from threading import Event
from typing import TYPE_CHECKING

import click

from processors.cli.health_options import health_options
from processors.cli.live import live_plan
from processors.cli.status_pages import serve_status
from processors.lifecycle_files import load_lifecycle
from processors.logs import log_to_stderr
from processors.settings import load_settings
from projections.generations import SupersededError
from projections.projector import Projector
from projections.views.funnel import Rung
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan
    from processors.settings import Settings

log = logging.getLogger("stageline.projector")


@click.command()
@health_options
def projector(health_port: int | None, health_host: str) -> None:
    """Fill the views in Redis from the output topics and keep them so.

    Redis and Kafka may come and go: it waits, and fills again what was lost. A second one running beside it
    does no harm. SIGTERM or Ctrl-C ends it. Logs go to stderr.
    """
    settings = load_settings()
    log_to_stderr()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running = Projector(
        bootstrap=settings.bootstrap_servers,
        redis_url=settings.redis_url,
        ladder=ladder(_shown(settings)),
        stop=stop,
    )
    if health_port is not None:
        serve_status(health_host, health_port, lambda: running.not_ready(settings.ready_lag))
    try:
        running.run()
    except SupersededError as end:
        raise LifecycleError(str(end)) from end


def _shown(settings: Settings) -> Plan:
    """Choose the definition whose stages are shown: the live one, as far as Kafka can say at the start."""
    try:
        return live_plan(settings)
    except LifecycleError as unknown:
        log.warning("showing the stages of %s: %s", settings.lifecycle, unknown)
        return load_lifecycle(settings.lifecycle)


def ladder(plan: Plan) -> tuple[Rung, ...]:
    """Return a plan's stages, track by track in rank order, detours last."""
    stages = (plan.stages[index] for track in plan.tracks for index in track.stages)
    return tuple(
        Rung(track=plan.tracks[stage.track].id, stage=stage.id, owner=stage.owner, detour=stage.detour)
        for stage in stages
    )
