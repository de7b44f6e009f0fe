"""Leaving: everything of a user's is erased, and they can see when it is done."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import JSONResponse

from api.account import NOT_STORED
from api.guard import Owner, SessionRoute
from api.services import Services, services_of
from core.tasks import bulk
from core.types import UserId


class Account(BaseModel):
    """What is stored of the caller."""

    user_id: Annotated[str, Field(min_length=1, max_length=255)]
    status: Literal["active", "erasing"]
    tasks: Annotated[int, Field(ge=0)]
    erasure_requested_at: AwareDatetime | None
    trash_retention_days: Annotated[int, Field(ge=0, description="How long a deleted task can be restored.")]


async def _services(request: Request) -> Services:
    return services_of(request)


Here = Annotated[Services, Depends(_services)]

router = APIRouter(route_class=SessionRoute, tags=["account"])


@router.get("", operation_id="getAccount")
async def get_account(owner: Owner, services: Here) -> JSONResponse:
    """How many tasks are stored, those in the trash too; while they are being erased, how many are left."""
    return await _account(owner, services, HTTPStatus.OK)


@router.delete("", operation_id="eraseAccount", status_code=HTTPStatus.ACCEPTED)
async def erase_account(owner: Owner, services: Here) -> JSONResponse:
    """Erase every row of the caller's, soon: `GET` shows what is left, and `active` with 0 tasks when it is done.

    What is written until then is erased as well.
    """
    await services.lists.write(owner, bulk.ask_for_erasure)
    return await _account(owner, services, HTTPStatus.ACCEPTED)


async def _account(owner: UserId, services: Services, status: HTTPStatus) -> JSONResponse:
    tasks, requested_at = await services.lists.read(owner, bulk.account)
    await services.lists.show_present(owner)
    content = {
        "user_id": owner,
        "status": "erasing" if requested_at else "active",
        "tasks": tasks,
        "erasure_requested_at": requested_at,
        "trash_retention_days": services.settings.trash_retention_days,
    }
    headers = dict(NOT_STORED)
    if status is HTTPStatus.ACCEPTED:
        headers["location"] = "/api/account"
    return JSONResponse(content, status, headers)
