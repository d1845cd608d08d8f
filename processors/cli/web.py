"""`stageline web`: the live page."""

from __future__ import annotations

import click

from processors.logs import log_to_stderr
from processors.settings import load_settings
from projections.web.security import Access, check_access


@click.command()
@click.option("--host", help="Address to listen on. [default: STAGELINE_WEB_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="[default: STAGELINE_WEB_PORT or 8620]")
@click.option(
    "--without-token",
    is_flag=True,
    help="Listen beyond this machine without STAGELINE_TOKEN: only where something else keeps others out.",
)
def web(host: str | None, port: int | None, *, without_token: bool) -> None:
    """Serve the live page and its JSON API: funnel, latest changes, hand-offs, each contact's timeline.

    It listens on this machine only. Beyond it, STAGELINE_TOKEN says what people must know. Prints the
    address; SIGTERM or Ctrl-C ends it.
    """
    from projections.web.server import serve  # noqa: PLC0415 - the web server takes half a second to import

    given = {name: value for name, value in (("web_host", host), ("web_port", port)) if value is not None}
    settings = load_settings(**given)
    log_to_stderr()
    access = Access(
        host=settings.web_host,
        token=settings.token.get_secret_value() if settings.token else None,
        proxy=settings.web_proxy,
    )
    check_access(access, without_token=without_token)
    serve(settings.redis_url, access, settings.web_port, click.echo)
