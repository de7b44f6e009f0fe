"""Everything that a request handler needs, made once by the composition root and handed down."""

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from api.auth import Authenticator
from api.http.bodies.intake import Intake
from api.observe.metrics import Metrics
from core.cache.fence import Fence
from core.cache.servers.connect import Servers
from core.database.pool import Database
from core.limits import Limiter
from core.lists.lists import Lists
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    metrics: Metrics
    database: Database
    redis: Servers
    fence: Fence
    authenticator: Authenticator
    limiter: Limiter
    lists: Lists
    intake: Intake = field(default_factory=Intake)


def services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)
