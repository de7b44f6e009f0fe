"""`POST /mcp`: by which name, from which page and for whom, how often, how much and how long; then the SDK answers.

Nothing is kept between two requests, so any process serves any of them, and each proves anew whose it is. There are no
streams: every answer is one JSON document.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from api.guard import identified
from api.http.again import again
from api.mcp.server import make_server
from api.services import Services
from api.tasks.service import Tasks
from core.settings import Settings

PATH = "/mcp"
SECONDS = 30
"""For all of one request, its body included; what a tool waits for has shorter bounds of its own."""

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Assistants:
    """An ASGI application, for as long as it is `running`."""

    def __init__(self, services: Services, tasks: Tasks) -> None:
        # What it says of ordinary requests quotes them; of its failures the log has the place.
        logging.getLogger("mcp").setLevel(logging.ERROR)
        settings = services.settings
        self._limiter = services.limiter
        self._addresses = TransportSecurityMiddleware(known_addresses(settings))
        self._manager = StreamableHTTPSessionManager(
            make_server(services, tasks),
            json_response=True,
            stateless=True,
            max_request_body_size=settings.body_limit_bytes,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["tasklane.route"] = PATH
        request = Request(scope, receive)
        refusal = await self._addresses.validate_request(request)
        if refusal is not None:
            raise HTTPException(refusal.status_code)
        owner = await identified(request)
        headers = await self._limiter.spend(owner, "reads")
        try:
            async with asyncio.timeout(SECONDS):
                # Here, where a client that leaves within its body is known for what it is.
                body = {"type": "http.request", "body": await request.body(), "more_body": False}
                await self._manager.handle_request(scope, again(body, receive), _with_headers(send, headers))
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None


def known_addresses(settings: Settings) -> TransportSecuritySettings:
    """The names and origins of this service's own pages, of those that may call it, and of this machine.

    A page that made its own name point here (DNS rebinding) comes with that name.
    """
    hosts, origins = [*_LOOPBACK, *settings.mcp_hosts], [*settings.cors_origins]
    for url in (settings.better_auth_url, *settings.cors_origins):
        hosts += [found] if url and (found := urlsplit(url).netloc) else []
    origins += [f"{scheme}://{host}" for host in hosts for scheme in ("https", "http")]
    return TransportSecuritySettings(allowed_hosts=[*_at_any_port(hosts)], allowed_origins=[*_at_any_port(origins)])


def _at_any_port(names: list[str]) -> Iterator[str]:
    """A name that says no port stands for all of them: a gateway's is not the process's."""
    for name in names:
        yield name
        if not name.rpartition(":")[2].isdigit():
            yield f"{name}:*"


def _with_headers(send: Send, told: dict[str, str]) -> Send:
    headers = [(name.encode(), value.encode()) for name, value in {**told, "cache-control": "no-store"}.items()]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return send_with_headers
