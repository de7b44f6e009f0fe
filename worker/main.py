"""The worker's composition root: `python -m worker.main`. Keeps the note, the schedule and arq's queue going."""

import asyncio
import contextlib
import signal

import structlog

from core import logs
from core.cache.fence import Fence
from core.cache.servers.connect import Servers, servers
from core.database.pool import Database
from core.errors import ConfigurationError
from core.lists.all_lists import AllLists
from core.lists.lists import Lists
from core.settings import Settings
from worker.jobs.context import AS_WORKER_FOR_OWNER, Context
from worker.metrics import WorkerMetrics
from worker.note import Note, longest_silence
from worker.probes import Health, Probes
from worker.publisher import Publisher
from worker.queue import Queue
from worker.quiet import Quiet
from worker.schedule import Schedule

log = structlog.get_logger()

REDIS_TIMEOUT_SECONDS = 1
"""The worker's commands may be many at once and nobody waits for them: its time-out is its own."""
COMPLETION_SECONDS = 5
"""How long a stopping worker lets its jobs finish; to be kept below the orchestrator's grace period."""
CONNECTIONS = 2
"""What the worker needs of the database at least: whoever publishes holds a lock meanwhile."""


async def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; whatever dies meanwhile is started again."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    connections = max(settings.database_pool_size, CONNECTIONS)
    database = Database(settings.model_copy(update={"database_pool_size": connections}))
    redis = servers(settings.redis, timeout=REDIS_TIMEOUT_SECONDS, retry_after=settings.redis_retry_after)
    fence = Fence(redis, ttl=settings.cache_ttl)
    context = make_context(settings, redis, fence, database)
    schedule = Schedule(context)
    queue = Queue(settings.worker_redis, schedule, context.metrics)
    probes = None
    if settings.worker_metrics_port:
        probes = Probes(settings.worker_metrics_port, Health(context, schedule, queue, database.ping), context)
        probes.start()
    await fence.start()
    log.info("worker_started")
    try:
        await _keep_working(context, schedule, queue, stop)
    finally:
        if probes:
            probes.close()
        await fence.close()
        await database.close()
        log.info("worker_stopped")


def make_context(settings: Settings, redis: Servers, fence: Fence, database: Database) -> Context:
    """What the jobs work with."""
    metrics = WorkerMetrics()
    all_lists = AllLists(database)
    publisher = Publisher(fence, all_lists, metrics.published)
    note = Note(redis, all_lists, publisher.run_to_the_end, silence=longest_silence(settings))
    lists = Lists(database, fence, AS_WORKER_FOR_OWNER, acknowledges=False)
    quiet = Quiet(redis, settings.worker_quiet_period)
    return Context(settings, redis, fence, lists, all_lists, metrics, publisher, note, quiet)


async def _keep_working(context: Context, schedule: Schedule, queue: Queue, stop: asyncio.Event) -> None:
    """Until `stop`. Should a part end before that, so does the process, with the reason: others restart it."""
    parts = [asyncio.create_task(doing) for doing in (context.note.keep(), schedule.keep(queue.works), queue.keep())]
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((stopping, *parts), return_when=asyncio.FIRST_COMPLETED)
        for part in parts:
            if part.done():
                part.result()
        queue.rest()
        await schedule.close(COMPLETION_SECONDS)
    finally:
        for task in (stopping, *parts):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(stopping, *parts, return_exceptions=True)


def main() -> None:
    """Entry point; a setting that cannot work ends it with a sentence."""
    try:
        settings = Settings.load()
        logs.configure(settings)
        asyncio.run(run(settings))
    except ConfigurationError as error:
        raise SystemExit(f"Tasklane cannot start: {error}") from None


if __name__ == "__main__":
    main()
