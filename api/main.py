"""The API's composition root: reads the settings, makes what the handlers need, closes it in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from starlette.routing import Route

from api import collector, docs, health, openapi
from api.account import erasure, tokens
from api.auth import Authenticator
from api.auth.personal import PersonalTokens
from api.calendars.endpoint import Calendars
from api.calendars.hot import HotQuestions
from api.calendars.methods.methods import Methods
from api.hits.hot_path import HotPath
from api.hits.reads import CachedReads
from api.http import aliases, farewell, problems
from api.http.cors import CorsWhereAsked
from api.observe.metrics import Metrics
from api.observe.requests import Observe, Recorder
from api.push import routes as push
from api.push.hub import Hub
from api.services import Services
from api.straight import Straight
from api.tasks import routes
from api.tasks.service import Tasks
from core import __version__, logs
from core.cache.answer import Answer
from core.cache.fence import Fence
from core.cache.hints import Hints
from core.cache.servers.connect import listening, servers
from core.database.pool import Database
from core.errors import ConfigurationError
from core.limits import Bucket, Limiter
from core.lists.lists import Lists
from core.settings import Settings
from core.tasks import spelling
from core.tasks.questions.queries import ChangesQuery
from core.types import UserId

if TYPE_CHECKING:
    from api.mcp.endpoint import Assistants

log = structlog.get_logger()

EXPOSED_HEADERS = ["ETag", "Idempotent-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy"]
EXPOSED_HEADERS += ["Retry-After", "Tasklane-Ignored", "X-Cache", "X-Request-ID", "X-Total-Count"]
REQUEST_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"]
REQUEST_HEADERS += ["Last-Event-ID", "X-Request-ID"]
ASSISTANTS_HEADERS = ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id"]
PREFLIGHT_SECONDS = 7200


def create_app(settings: Settings | None = None) -> HotPath:
    """The whole API, for `uvicorn --factory`; ends the process with one sentence when it could not work."""
    try:
        settings = settings or Settings.load()
        logs.configure(settings)
        services = _services(settings)
    except ConfigurationError as error:
        raise SystemExit(f"Tasklane cannot start: {error}") from None
    return _stack(_routes(services), services)


def _services(settings: Settings) -> Services:
    metrics = Metrics()
    database = Database(settings)
    redis = servers(settings.redis, timeout=settings.redis_timeout, retry_after=settings.redis_retry_after)
    fence = Fence(redis, ttl=settings.cache_ttl, share=settings.cache_bytes_per_user)
    lists = Lists(database, fence, limit=settings.limit_tasks)
    return Services(
        settings=settings,
        metrics=metrics,
        database=database,
        redis=redis,
        fence=fence,
        authenticator=Authenticator.from_settings(
            settings,
            personal=PersonalTokens(lists, fence),
            on_fetch=lambda outcome: metrics.jwks.labels(outcome).inc(),
            on_refusal=lambda reason: metrics.refused.labels(reason).inc(),
        ),
        limiter=Limiter(
            redis,
            reads=Bucket(settings.limit_reads_rate, settings.limit_reads_burst),
            writes=Bucket(settings.limit_writes_rate, settings.limit_writes_burst),
        ),
        lists=lists,
    )


def _routes(services: Services) -> FastAPI:
    reads = CachedReads(services.fence, services.metrics, services.lists.may_show)
    tasks = Tasks(services.lists, reads, services.settings)
    hub = _hub(services, tasks)
    assistants = _assistants(services, tasks) if services.settings.mcp else None

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await services.fence.start(all_told=services.lists.announcements.all_told)
        await services.authenticator.start()
        spelling.prepare()
        collector.spare()
        log.info("api_started")
        async with AsyncExitStack() as while_serving:
            while_serving.enter_context(farewell.heard(hub.stop))
            if assistants:
                await while_serving.enter_async_context(assistants.running())
            yield
        await hub.close()
        await services.authenticator.close()
        await services.fence.close()
        await services.database.close()
        log.info("api_stopped")

    app = FastAPI(
        title="Tasklane",
        summary="The task backend that a web frontend talks to.",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,  # theirs loads scripts from elsewhere, into the origin of the session
        redoc_url=None,
        max_body_size=services.settings.body_limit_bytes,
    )
    app.state.services = services
    app.state.tasks = tasks
    app.state.reads = reads
    app.state.hub = hub
    problems.install(app)
    app.include_router(docs.router)
    app.include_router(health.router)
    app.include_router(erasure.router, prefix="/api/account")
    app.include_router(tokens.router, prefix="/api/account/tokens")
    for router in (routes.router, push.router):
        app.include_router(router, prefix=aliases.TASKS)
        app.include_router(router, prefix=aliases.BY_USER, include_in_schema=False)
    if assistants:
        app.router.routes.append(Route("/mcp", assistants, methods=["POST"], include_in_schema=False))
    openapi.install(app, shape=services.settings.task_list_shape, deletes=int(services.settings.delete_answer))
    return app


def _hub(services: Services, tasks: Tasks) -> Hub:
    """The room of the event streams; the first of them makes it connect."""

    async def read(owner: UserId, query: ChangesQuery, *, changed: bool) -> Answer:
        answer, _ = await tasks.read(owner, query, changed=changed)
        return answer

    hub = Hub(
        read,
        services.lists.revisions,
        services.settings,
        services.metrics,
        look_again=services.authenticator.look_again,
    )
    hints = Hints(
        listening(services.settings.redis, services.redis),
        timeout=services.settings.redis_timeout,
        retry_after=services.settings.redis_retry_after,
        on_hint=hub.hear,
        on_change=hub.look_again,
    )
    services.fence.on_forgetting(hints.renew)
    hub.start(hints)
    return hub


def _assistants(services: Services, tasks: Tasks) -> "Assistants":
    from api.mcp.endpoint import Assistants  # noqa: PLC0415  # 19 MB, and a third of a second, for those who want it

    return Assistants(services, tasks)


def _stack(app: FastAPI, services: Services) -> HotPath:
    """From the outside in: the hot path, observe, CORS, calendars, the straight way, the routes."""
    settings = services.settings
    recorder = Recorder(services.metrics, slow=settings.slow_request)
    straight = Straight(problems.TooLarge(app), framework=app, router=routes.router, limit=settings.body_limit_bytes)
    calendars = Calendars(straight, services, Methods(services.lists, app.state.tasks, app.state.reads))
    cors = CorsWhereAsked(
        calendars,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=REQUEST_HEADERS + (ASSISTANTS_HEADERS if settings.mcp else []),
        allow_credentials=True,
        expose_headers=EXPOSED_HEADERS,
        max_age=PREFLIGHT_SECONDS,
    )
    return HotPath(
        Observe(cors, recorder),
        authenticator=services.authenticator,
        fence=services.fence,
        metrics=services.metrics,
        recorder=recorder,
        cors=cors,
        shape=settings.task_list_shape,
        direct=settings.direct_hits,
        aliases=aliases.Aliases(settings.task_prefixes),
        questions=HotQuestions(shape=settings.task_list_shape, over_http=settings.calendars_over_http),
    )
