"""The worker's metrics and probes over HTTP, for the orchestrator and for Prometheus, in a thread of their own.

So a loop that no longer turns is told as such, and not by silence.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import TimeoutError as NotInTime
from http import HTTPStatus
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import make_wsgi_app

from core.errors import DatabaseUnavailable
from worker.jobs.context import Context
from worker.queue import Queue
from worker.schedule import Schedule

LOOP_SECONDS = 2
"""A loop that does not turn within this time is not alive."""
READY_SECONDS = 5
CLIENT_SECONDS = 10
"""What a client may take for a request."""

Condition = dict[str, str]


class Health:
    """How the worker is doing, part by part."""

    def __init__(self, context: Context, schedule: Schedule, queue: Queue, ping: Callable[[], Awaitable[None]]) -> None:
        self._context = context
        self._schedule = schedule
        self._queue = queue
        self._ping = ping

    async def alive(self) -> Condition:
        """Says nothing of anything but the loop: a database that is away restarts no worker."""
        return {}

    async def ready(self) -> Condition:
        """The database answers, Redis can be told something, the queue works, and every job succeeds.

        A database that is left alone is not asked: it may sleep.
        """
        try:
            if not self._context.quiet.resting:
                await self._ping()
            database = "ok"
        except DatabaseUnavailable:
            database = "away"
        redis = self._context.note.reached and self._context.fence.connected
        return {
            "database": database,
            "redis": "ok" if redis else "away",
            "queue": "ok" if self._queue.works() else "away",
            "jobs": f"failing: {', '.join(failing)}" if (failing := self._schedule.failing) else "ok",
        }


class Probes:
    """Answers on a port of its own, from `start` until `close`."""

    def __init__(self, port: int, health: Health, context: Context) -> None:
        self._loop = asyncio.get_running_loop()
        self._metrics: WSGIApplication = make_wsgi_app(context.metrics.registry)
        self._pages = {"/livez": (health.alive, LOOP_SECONDS), "/readyz": (health.ready, READY_SECONDS)}
        self._server = make_server("", port, self._serve, server_class=_Server, handler_class=_Handler)
        self.port: int = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, name="probes", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page = self._pages.get(environ["PATH_INFO"])
        if page is None:
            return self._metrics(environ, start_response)
        ask, seconds = page
        asked = asyncio.run_coroutine_threadsafe(ask(), self._loop)
        try:
            parts = asked.result(seconds)
        except NotInTime:
            asked.cancel()
            parts = {"loop": "stands still"}
        wrong = [name for name, state in parts.items() if state != "ok"]
        status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
        document: dict[str, Any] = {"status": "ok", **parts}
        if wrong:
            detail = f"The worker does not work as it should: {', '.join(wrong)}."
            problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
            document = {**problem, **parts}
        media_type = "application/problem+json" if wrong else "application/json"
        start_response(f"{status.value} {status.phrase}", [("content-type", media_type), ("cache-control", "no-store")])
        return [json.dumps(document).encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name for it
        """A probe every few seconds is not worth a line."""
