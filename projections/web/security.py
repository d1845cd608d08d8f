"""Who may see the page: on loopback everybody on this machine, otherwise whoever has the token.

The token comes as `Authorization: Bearer …` or, after the login form, as a cookie that holds a value
derived from it. A proxy that signs people in itself is trusted by its address.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "stageline"
PROXY_USER = "x-forwarded-user"  # what authenticating proxies commonly set
OPEN_PATHS = ("/healthz", "/readyz", "/login", "/static/")  # no data of any contact
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`token` None: nobody is asked. `proxy`: address of a proxy whose user header is believed."""

    host: str
    token: str | None = None
    proxy: str | None = None

    def session(self) -> str:
        """Return the cookie's value: it lets in, and does not tell the token."""
        return hmac.digest((self.token or "").encode(), b"stageline page", "sha256").hex()

    def is_token(self, given: str) -> bool:
        """Compare in constant time."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())


def check_access(access: Access, *, without_token: bool) -> None:
    """Refuse to listen where others can reach us unless something keeps them out. Raises LifecycleError."""
    if access.token or access.proxy or without_token or _is_loopback(access.host):
        return
    raise LifecycleError(
        f"STAGELINE_WEB_HOST={access.host} can be reached by others: set STAGELINE_TOKEN to what they must "
        "know, or listen on 127.0.0.1."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Turns away who may not see the page, and sets the headers that keep it to itself."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(HTTPConnection(scope))
        await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, request: HTTPConnection) -> Response | None:
        if not self._is_known_host(request):
            return PlainTextResponse("This page is not served under that name.", 421)
        # What is routed by: `request.url` is made with the Host header, which may hold a path of its own.
        path: str = request.scope["path"]
        if path.startswith(OPEN_PATHS) or self._is_allowed(request):
            return None
        if path.startswith("/api/"):
            return JSONResponse({"error": "Send the token: Authorization: Bearer …"}, 401)
        return RedirectResponse("/login", 303)

    def _is_known_host(self, request: HTTPConnection) -> bool:
        """Without a token, a foreign name that leads to loopback must not open the page (DNS rebinding)."""
        if self._access.token or self._access.proxy:
            return True
        try:
            name = urlsplit(f"//{request.headers.get('host', '')}").hostname
        except ValueError:  # brackets that hold no address
            return False
        return name in LOOPBACK or name == self._access.host

    def _is_allowed(self, request: HTTPConnection) -> bool:
        access, client = self._access, request.client
        if access.proxy and client and client.host == access.proxy and request.headers.get(PROXY_USER):
            return True
        if access.token is None:
            return access.proxy is None
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return access.is_token(given)
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(cookie.encode(), access.session().encode())


def _with_headers(send: Send) -> Send:
    async def send_(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name for name, _ in message["headers"]}
            extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in known)]
        await send(message)

    return send_
