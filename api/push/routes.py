"""The stream of what changes, under `/api/tasks/events` and `/api/{user_id}/tasks/events`."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.guard import Owner, OwnersRoute
from api.push.hub import Hub
from api.push.response import EventStream
from core.tasks.questions.parse import parse_events

router = APIRouter(route_class=OwnersRoute, tags=["tasks"])


async def _hub(request: Request) -> Hub:
    return cast(Hub, request.app.state.hub)


@router.get("/events", operation_id="watchTasks")
async def task_events(request: Request, owner: Owner, hub: Annotated[Hub, Depends(_hub)]) -> Response:
    """What has changed since an earlier `next`, and from then on what changes, each as soon as it is acknowledged.

    Each event `changes` is a page as `GET /api/tasks/changes` gives them, with at most 100 changes; after one with
    `more` the next follows by itself. Its id is its `next`: `Last-Event-ID` resumes, before `since`; without either the
    stream begins with all tasks. `expired`: come back with another token. `reconnect`: come back after `retry`.
    `resynchronise`: begin anew, with neither.
    """
    asked = parse_events(request.scope["query_string"], request.headers.get("last-event-id"))
    return EventStream(hub, owner, asked.since)
