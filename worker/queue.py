"""arq's worker, which lets one replica begin each periodic job; it is begun again when Redis has failed it."""

import asyncio
import contextlib
import json
import random
import secrets
import time
from datetime import UTC
from typing import Any, cast

import arq.connections
import arq.jobs
import arq.worker
import structlog
from arq import cron
from arq.connections import ArqRedis
from arq.cron import CronJob
from arq.typing import WorkerCoroutine
from arq.utils import poll
from arq.worker import Worker
from redis.asyncio.connection import (
    BlockingConnectionPool,
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.addresses.redis import RedisAddress
from core.addresses.tls import Tls
from core.errors import ConfigurationError
from worker.metrics import QUEUE as QUEUE_LABEL
from worker.metrics import WorkerMetrics
from worker.schedule import JOB_TIMEOUT_SECONDS, Job, Schedule

log = structlog.get_logger()

QUEUE = "tasklane:queue"
POLL_SECONDS = 0.25
TIMEOUT_SECONDS = 2
HEALTH_CHECK_SECONDS = 15
JOB_EXPIRY_MILLISECONDS = 60_000
LONGEST_BACK_OFF_SECONDS = 1
"""Short: what is due on another replica as well is begun once only when the queue is back."""
PROBATION_SECONDS = 5
"""How long a queue that has failed must work until it is relied upon; publishing, above all, is due more often."""

JOB_KEY_PREFIX = f"{QUEUE}:job:"

# arq takes no prefix for its keys: they are constants of its modules. With these, all that Tasklane has in Redis begins
# with `tasklane:`, which is what an ACL may be limited to.
_NAMES = {
    "job_key_prefix": JOB_KEY_PREFIX,
    "in_progress_key_prefix": f"{QUEUE}:in-progress:",
    "result_key_prefix": f"{QUEUE}:result:",
    "retry_key_prefix": f"{QUEUE}:retry:",
    "abort_jobs_ss": f"{QUEUE}:abort",
}
for _module in (arq.connections, arq.jobs, arq.worker):
    for _name in _NAMES.keys() & vars(_module).keys():
        setattr(_module, _name, _NAMES[_name])


class Queue:
    """Begins the jobs of a schedule by way of Redis."""

    def __init__(self, address: RedisAddress, schedule: Schedule, metrics: WorkerMetrics) -> None:
        """Raises `ConfigurationError` if no queue can live there."""
        connections(address)
        self._address = address
        self._schedule = schedule
        self._metrics = metrics
        self._failed = False
        self._worker: _Worker | None = None

    def works(self) -> bool:
        """Whether it can be relied upon; until it has failed it is."""
        return not self._failed

    async def keep(self) -> None:
        """For ever: arq's loop ends at any error of Redis. It begins again after a pause that grows while it fails."""
        back_off = 0.1
        while True:
            began = time.monotonic()
            await self._live()
            lasted = time.monotonic() - began
            back_off = 0.1 if lasted > LONGEST_BACK_OFF_SECONDS else min(2 * back_off, LONGEST_BACK_OFF_SECONDS)
            await asyncio.sleep(back_off * random.uniform(0.5, 1))  # noqa: S311  # jitter

    def rest(self) -> None:
        """Begin no job from now on."""
        if self._worker:
            self._worker.allow_pick_jobs = False

    async def _live(self) -> None:
        """One life of arq's worker; returns when it has failed."""
        worker = self._worker = _Worker(self._address, self._schedule)
        probation = asyncio.create_task(self._absolve())
        working = asyncio.create_task(worker.async_run())
        try:
            await asyncio.wait({working})
            if error := working.exception():
                self._metrics.runs.labels(QUEUE_LABEL, "failed").inc()
                reason = str(error) if isinstance(error, RedisError | OSError) else ""
                tell = log.debug if self._failed else log.warning  # an outage has one line, not one per second
                tell("worker_interrupted", error=type(error).__name__, reason=reason)
                self._failed = True
                if not isinstance(error, OSError | RedisConnectionError | RedisTimeoutError):
                    await self._empty(worker)
        finally:
            probation.cancel()
            while not working.done():  # `wait_for` of Python 3.11, in redis-py, may lose a cancellation
                working.cancel()
                await asyncio.wait({working}, timeout=POLL_SECONDS)
            with contextlib.suppress(Exception):  # Redis may be gone, and hears no good-bye
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await worker.leave()

    async def _absolve(self) -> None:
        await asyncio.sleep(PROBATION_SECONDS)
        self._failed = False

    async def _empty(self, worker: Worker) -> None:
        """What ends arq itself and is no fault of the connection may lie in the queue, and would end it for ever.

        The queue holds nothing that does not come back by itself: every job is periodic.
        """
        with contextlib.suppress(RedisError, OSError):
            await worker.pool.delete(QUEUE)


class _Worker(Worker):
    def __init__(self, address: RedisAddress, schedule: Schedule) -> None:
        redis = ArqRedis(
            connections(address),
            job_serializer=_serialize,
            job_deserializer=json.loads,
            default_queue_name=QUEUE,
            expires_extra_ms=JOB_EXPIRY_MILLISECONDS,
        )
        redis.auto_close_connection_pool = True
        super().__init__(
            cron_jobs=[periodic(job, schedule) for job in schedule.jobs],
            queue_name=QUEUE,
            redis_pool=redis,
            handle_signals=False,
            job_timeout=2 * JOB_TIMEOUT_SECONDS,  # the schedule's own comes first, and says what it was
            keep_result=0,
            poll_delay=POLL_SECONDS,
            max_tries=1,
            retry_jobs=False,
            health_check_interval=HEALTH_CHECK_SECONDS,
            health_check_key=f"{QUEUE}:health:{secrets.token_hex(4)}",
            job_serializer=_serialize,
            job_deserializer=json.loads,
            expires_extra_ms=JOB_EXPIRY_MILLISECONDS,
            timezone=UTC,
            log_results=False,
        )

    async def main(self) -> None:
        """As arq's own, without its first question: INFO is not allowed everywhere."""
        async for _ in poll(self.poll_delay_s):
            await self._poll_iteration()

    async def leave(self) -> None:
        """As `close`, whatever becomes of the jobs that it has begun: they are the schedule's, and go on."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        self.tasks.clear()
        await self.close()


def periodic(job: Job, schedule: Schedule) -> CronJob:
    """Run `job` every so many seconds, on one of the replicas. Beyond a minute the period is in whole minutes."""

    async def run_job(_arq: dict[Any, Any]) -> int:
        return await schedule.run(job)

    coroutine, seconds = cast(WorkerCoroutine, run_job), job.period
    if seconds < 60:  # noqa: PLR2004  # a minute
        return cron(coroutine, name=job.name, second=set(range(0, 60, seconds)), max_tries=1)
    return cron(coroutine, name=job.name, minute=set(range(0, 60, min(seconds // 60, 60))), second=0, max_tries=1)


def connections(address: RedisAddress) -> ConnectionPool:
    """For arq, as patient as the worker is."""
    patience: dict[str, Any] = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    server = patience | {"username": address.username, "password": address.password, "db": address.db}
    place: dict[str, Any]
    if address.kind == "sentinel":
        if address.tls:
            raise ConfigurationError("WORKER_REDIS_URL: Sentinels cannot be asked in TLS for the queue's Redis")
        guards = {"username": address.sentinel_username, "password": address.sentinel_password}
        hosts = [(node.host, node.port) for node in address.nodes]
        sentinels = Sentinel(hosts, sentinel_kwargs=patience | guards)  # type: ignore[no-untyped-call]  # redis-py's lack
        return SentinelConnectionPool(address.master, sentinels, **server)  # type: ignore[no-untyped-call]  # redis-py's
    if address.path:
        place = {"connection_class": UnixDomainSocketConnection, "path": address.path}
    else:
        [node] = address.nodes
        place = {"connection_class": Connection, "host": node.host, "port": node.port}
    if address.tls:
        place |= {"connection_class": _TlsConnection, "tls": address.tls}
    return BlockingConnectionPool(
        max_connections=10,
        timeout=TIMEOUT_SECONDS,
        **server,
        **place,
    )


class _TlsConnection(SSLConnection):
    """Trusts whom the cache's connection trusts: redis-py alone would check no names, and trust the system as well."""

    def __init__(self, *, tls: Tls, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = tls.context()


def _serialize(value: dict[str, Any]) -> bytes:
    """As JSON; into the result of a job that came too late arq puts the exception itself."""
    return json.dumps(value, default=str).encode()
