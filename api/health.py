"""Is the process alive, can it serve, how is it doing: for the orchestrator and for Prometheus, not for the public."""

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from api.services import services_of
from core.errors import DatabaseUnavailable, NotReady


class Alive(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class Ready(Alive):
    """The database answers, too."""

    database: Literal["ok"]
    redis: Literal["ok", "away"]


router = APIRouter(tags=["health"])


@router.get("/livez", operation_id="livez")
async def livez() -> JSONResponse:
    """The event loop turns; says nothing of anything else, so a database that is away restarts no API."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", operation_id="readyz")
async def readyz(request: Request) -> JSONResponse:
    """The database answers and has the schema. Redis away is reported; it slows reads and stops nothing."""
    services = services_of(request)
    try:
        await services.database.ping()
    except DatabaseUnavailable as error:
        raise NotReady(str(error)) from error
    return JSONResponse({"status": "ok", "database": "ok", "redis": "ok" if services.fence.up else "away"})


@router.get("/metrics", operation_id="metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    services = services_of(request)
    services.metrics.redis_up.set(services.fence.up)
    services.metrics.slots.set(services.database.slots)
    services.metrics.busy.set(services.database.busy)
    return Response(services.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
