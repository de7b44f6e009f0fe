"""The worker's composition root: `python -m worker.main`. Runs arq, and runs it again when Redis has failed it."""

import asyncio
import contextlib
import json
import random
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any, cast

import structlog
from arq import cron
from arq.connections import ArqRedis
from arq.cron import CronJob
from arq.typing import WorkerCoroutine
from arq.worker import Worker
from prometheus_client import start_http_server
from redis.asyncio.connection import BlockingConnectionPool, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core import logs
from core.addresses.redis import RedisAddress
from core.addresses.tls import Tls
from core.cache.fence import Fence
from core.cache.redis import Redis
from core.database.all_lists import AllLists
from core.database.lists import Lists
from core.database.pool import Database
from core.errors import ConfigurationError
from core.settings import Settings
from worker.jobs.audit import audit_cache
from worker.jobs.context import AS_WORKER_FOR_OWNER, Context
from worker.jobs.erase import erase_accounts
from worker.jobs.publish import publish_revisions
from worker.jobs.purge import purge_idempotency_keys, purge_trash
from worker.metrics import WorkerMetrics

log = structlog.get_logger()

Job = Callable[[Context], Awaitable[int]]

QUEUE = "tasklane:queue"
POLL_SECONDS = 0.25
REDIS_TIMEOUT_SECONDS = 2
HEALTH_CHECK_SECONDS = 15
JOB_TIMEOUT_SECONDS = 60
COMPLETION_SECONDS = 5
"""How long a stopping worker lets its jobs finish; to be kept below the orchestrator's grace period."""
JOB_EXPIRY_MILLISECONDS = 60_000
LONGEST_BACK_OFF_SECONDS = 1
"""Short: what Redis missed is published only when the worker is back."""


async def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; whatever dies meanwhile is started again."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = Database(settings)
    # The worker's commands may be many at once and nobody waits for them: its time-out is its own.
    redis = Redis(
        settings.redis_url.get_secret_value(),
        timeout=REDIS_TIMEOUT_SECONDS,
        retry_after=settings.redis_retry_after,
    )
    fence = Fence(redis, ttl=settings.cache_ttl)
    metrics = WorkerMetrics()
    context = Context(settings, redis, fence, Lists(database, fence, AS_WORKER_FOR_OWNER), AllLists(database), metrics)
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, registry=metrics.registry)
    await fence.start()
    log.info("worker_started")
    try:
        await _keep_working(context, stop)
    finally:
        await fence.close()
        await database.close()
        log.info("worker_stopped")


async def _keep_working(context: Context, stop: asyncio.Event) -> None:
    """Arq's loop ends at any error of Redis: begin again, after a pause that grows while it goes on failing."""
    back_off = 0.1
    while not stop.is_set():
        began = time.monotonic()
        await _work(context, stop)
        back_off = (
            0.1 if time.monotonic() - began > LONGEST_BACK_OFF_SECONDS else min(2 * back_off, LONGEST_BACK_OFF_SECONDS)
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), back_off * random.uniform(0.5, 1))  # noqa: S311  # jitter


async def _work(context: Context, stop: asyncio.Event) -> None:
    """One life of arq's worker: until it fails, or until `stop`."""
    worker = _worker(context)
    working = asyncio.create_task(worker.async_run())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done() and (error := working.exception()):
            log.warning("worker_interrupted", error=type(error).__name__)
            if not isinstance(error, OSError | RedisConnectionError | RedisTimeoutError):
                await _empty_queue(worker)
        worker.allow_pick_jobs = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*worker.tasks.values(), return_exceptions=True), COMPLETION_SECONDS)
    finally:
        stopping.cancel()
        with contextlib.suppress(Exception, asyncio.CancelledError):  # closing says goodbye to a Redis that may be gone
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await worker.close()
        await asyncio.gather(working, stopping, return_exceptions=True)


async def _empty_queue(worker: Worker) -> None:
    """What ends arq itself and is no fault of the connection lies in the queue, and would end it again and again.

    The queue holds nothing that does not come back by itself: every job is periodic.
    """
    with contextlib.suppress(RedisError, OSError):
        await worker.pool.delete(QUEUE)


def _worker(context: Context) -> Worker:
    settings = context.settings
    pool = _connections(settings.worker_redis)
    redis = ArqRedis(
        pool,
        job_serializer=_serialize,
        job_deserializer=json.loads,
        default_queue_name=QUEUE,
        expires_extra_ms=JOB_EXPIRY_MILLISECONDS,
    )
    redis.auto_close_connection_pool = True
    return Worker(
        cron_jobs=[
            _periodic(publish_revisions, settings.worker_publish_period, context),
            _periodic(purge_trash, settings.worker_purge_period, context),
            _periodic(purge_idempotency_keys, settings.worker_purge_period, context),
            _periodic(erase_accounts, settings.worker_erase_period, context),
            _periodic(audit_cache, settings.worker_audit_period, context),
        ],
        queue_name=QUEUE,
        redis_pool=redis,
        handle_signals=False,
        job_timeout=JOB_TIMEOUT_SECONDS,
        keep_result=0,
        poll_delay=POLL_SECONDS,
        max_tries=1,
        health_check_interval=HEALTH_CHECK_SECONDS,
        health_check_key=f"{QUEUE}:health:{secrets.token_hex(4)}",
        job_serializer=_serialize,
        job_deserializer=json.loads,
        expires_extra_ms=JOB_EXPIRY_MILLISECONDS,
        timezone=UTC,
        log_results=False,
    )


def _connections(address: RedisAddress) -> BlockingConnectionPool:
    """For arq, as patient as the worker is."""
    if address.kind != "single":
        raise ConfigurationError("WORKER_REDIS_URL: so far a single Redis can be connected to, and nothing else")
    place: dict[str, Any]
    if address.path:
        place = {"connection_class": UnixDomainSocketConnection, "path": address.path}
    else:
        [node] = address.nodes
        place = {"connection_class": Connection, "host": node.host, "port": node.port}
    if address.tls:
        place |= {"connection_class": _TlsConnection, "tls": address.tls}
    return BlockingConnectionPool(
        username=address.username,
        password=address.password,
        db=address.db,
        max_connections=10,
        timeout=REDIS_TIMEOUT_SECONDS,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        **place,
    )


class _TlsConnection(SSLConnection):
    """Trusts whom the cache's connection trusts: redis-py alone would check no names, and trust the system as well."""

    def __init__(self, *, tls: Tls, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = tls.context()


def _periodic(job: Job, seconds: int, context: Context) -> CronJob:
    """Run `job` every so many seconds, on one of the replicas. Beyond a minute the period is in whole minutes."""
    name = job.__name__

    async def run_job(_arq: dict[Any, Any]) -> int:
        try:
            count = await job(context)
        except Exception as error:  # noqa: BLE001  # arq would log its message, which may quote a row
            context.metrics.runs.labels(name, "failed").inc()
            log.warning("job_failed", job=name, error=type(error).__name__, frames=logs.frames(error))
            return 0
        context.metrics.runs.labels(name, "succeeded").inc()
        context.metrics.last_success.labels(name).set_to_current_time()
        if count:
            log.debug("job_done", job=name, count=count)
        return count

    coroutine = cast(WorkerCoroutine, run_job)
    if seconds < 60:  # noqa: PLR2004  # a minute
        return cron(coroutine, name=name, second=set(range(0, 60, seconds)), max_tries=1)
    return cron(coroutine, name=name, minute=set(range(0, 60, min(seconds // 60, 60))), second=0, max_tries=1)


def _serialize(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def main() -> None:
    """Entry point; a setting that cannot work ends it with a sentence."""
    try:
        settings = Settings.load()
    except ConfigurationError as error:
        raise SystemExit(f"Tasklane cannot start: {error}") from None
    logs.configure(settings)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
