"""`/healthz`, `/readyz`, `/metrics` of a command without a web server of its own, in a thread beside it."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable

    NotReady = Callable[[], str | None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a client that stays connected does not keep the process

    def __init__(self, host: str, port: int, not_ready: NotReady) -> None:
        self.not_ready = not_ready
        super().__init__((host, port), _Pages)


class _Pages(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # s, for a client that sends nothing

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest())
        elif self.path == "/healthz":
            self._answer_json(200, {"status": "ok"})
        elif self.path == "/readyz":
            reason = self.server.not_ready()
            reasons = [reason] if reason else []
            self._answer_json(503 if reasons else 200, {"ready": not reasons, "reasons": reasons})
        else:
            self._answer_json(404, {"error": "There are /healthz, /readyz and /metrics."})

    def log_message(self, *_: object) -> None:
        """Log no request."""

    def _answer_json(self, status: int, body: dict[str, object]) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_status(host: str, port: int, not_ready: NotReady) -> int:
    """Serve the pages until the process ends; return the port. `not_ready` says why it is not, if so.

    Raises LifecycleError when the port is taken.
    """
    try:
        server = _Server(host, port, not_ready)
    except OSError as error:
        raise LifecycleError(
            f"{host}:{port} cannot be listened on ({error.strerror}). Choose another with --health-port."
        ) from error
    Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
