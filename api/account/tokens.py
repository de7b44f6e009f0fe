"""Personal access tokens, for whoever has signed in: a program that was given one can make no further ones."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Request
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from api.account import NOT_STORED
from api.guard import Owner, SessionRoute
from api.http.bodies import unknown
from api.services import services_of
from core.access import form, rows
from core.errors import Fault, InvalidInput
from core.lists.lists import Lists
from core.tasks.due import INSTANT_PATTERN, parse_instant
from core.types import MAX_TASK_ID, Scope, TokenId

MAX_NAME = 100

_NAME_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]*$"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _printable(value: str) -> str:
    if _UNPRINTABLE.search(value):
        raise ValueError("must not contain control characters")
    return value


def _unique(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


class TokenCreate(BaseModel):
    """A new token. What it is to be called, what it is good for, and until when; without an end it lasts."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_NAME),
        BeforeValidator(_stripped),
        AfterValidator(_printable),
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_NAME,
                "pattern": _NAME_PATTERN,
                "description": "What the program is called that gets it; white space around it is taken away.",
            }
        ),
    ]
    scopes: Annotated[
        list[Scope],
        Field(min_length=1, description="`tasks:read` for GET and HEAD, `tasks:write` for all else."),
        AfterValidator(_unique),
    ]
    expires_at: Annotated[
        datetime | None,
        PlainValidator(lambda value: None if value is None else parse_instant(value)),
        WithJsonSchema(
            {
                "anyOf": [{"type": "string", "pattern": INSTANT_PATTERN}, {"type": "null"}],
                "description": "RFC 3339 with an offset, and to come; it counts to the millisecond.",
            }
        ),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _note_what_is_unknown(cls, sent: Any) -> Any:
        if isinstance(sent, Mapping):
            unknown.note((name, value) for name, value in sent.items() if name not in cls.model_fields)
        return sent

    def expect_future(self) -> Self:
        """Raises `InvalidInput` for a token that would be over before it is made."""
        if self.expires_at is not None and self.expires_at <= datetime.now(UTC):
            raise InvalidInput(Fault("#/expires_at", "must be in the future"))
        return self

    @property
    def ends(self) -> datetime | None:
        """To the millisecond, and not a moment later than was asked for."""
        at = self.expires_at
        return None if at is None else at.replace(microsecond=at.microsecond // 1000 * 1000)


class AccessToken(TypedDict):
    """What is shown of a token; the token itself is not kept."""

    id: Annotated[int, Field(ge=1, le=MAX_TASK_ID)]
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: Annotated[AwareDatetime | None, Field(description="The beginning of the hour.")]


class NewAccessToken(AccessToken):
    """A token, this once."""

    token: Annotated[str, Field(pattern=f"^{form.PATTERN}$", description="Nobody can show it again.")]


class AccessTokens(TypedDict):
    """All tokens of the caller, the newest first, those that have expired too."""

    tokens: Annotated[list[AccessToken], Field(max_length=rows.MOST)]


async def _lists(request: Request) -> Lists:
    return services_of(request).lists


AllOfMine = Annotated[Lists, Depends(_lists)]

router = APIRouter(route_class=SessionRoute, tags=["account"])


@router.post("", operation_id="createToken", status_code=HTTPStatus.CREATED)
async def create_token(owner: Owner, lists: AllOfMine, new: TokenCreate) -> Response:
    """Make a personal access token, for a program that is to act for the caller. It is shown in this answer only.

    It takes no `Idempotency-Key`: what is kept for repetitions would be the token.
    """
    new.expect_future()
    token = form.new()
    digest = form.digest(token.encode())
    insert = partial(rows.insert, digest=digest, name=new.name, scopes=new.scopes, expires_at=new.ends)
    made = await lists.write(owner, insert)
    return JSONResponse({**made, "token": token}, HTTPStatus.CREATED, NOT_STORED)


@router.get("", operation_id="listTokens")
async def list_tokens(owner: Owner, lists: AllOfMine) -> Response:
    """The caller's personal access tokens: what they are called and good for, and when they were last used."""
    tokens = await lists.read(owner, rows.all_of)
    await lists.show_present(owner)  # who sees that one is gone may rely on it
    return JSONResponse({"tokens": tokens}, headers=NOT_STORED)


@router.delete("/{token_id}", operation_id="revokeToken", status_code=HTTPStatus.NO_CONTENT)
async def revoke_token(owner: Owner, lists: AllOfMine, token_id: str) -> Response:
    """Take a token back: within a second it is refused everywhere, and the streams that it has opened have ended."""
    token = _parse_id(token_id)
    await lists.write(owner, lambda change: rows.revoke(change, token))
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=NOT_STORED)


def _parse_id(text: str) -> TokenId:
    if not _ID.fullmatch(text) or int(text) > MAX_TASK_ID:
        raise InvalidInput(Fault("id", "must be a positive 64-bit integer"))
    return TokenId(int(text))
