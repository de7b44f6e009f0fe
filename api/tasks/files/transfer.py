"""Tasks on their way out and in: downloads, and what an import may be."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Self, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.bodies.read import JSON_TYPES
from api.tasks.files.formats import VERSION
from api.tasks.objects import MAX_BYTES
from api.tasks.objects.content import MAX_UID_BYTES
from api.tasks.objects.names import known_name
from api.tasks.schemas.given import TaskCreate
from api.tasks.schemas.members import Instant, whole
from core.tasks.bulk import MAX_IMPORTED
from core.tasks.recurring.recurrence import known_date

IMPORT_LIMIT_BYTES = 16 * 1024 * 1024

FILE_TYPES = (
    *JSON_TYPES,
    "text/csv",
    "text/calendar",
    "text/plain",
    "application/zip",
    "application/x-zip-compressed",
    "application/vnd.ms-excel",
    "application/octet-stream",
)
"""As browsers, on all their systems, call the files that an import takes."""

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _whole_milliseconds(instant: datetime) -> datetime:
    """As the database keeps it, but cut off: rounded up, the last instant of the year 9999 would be none."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


Time = Annotated[Instant, AfterValidator(_whole_milliseconds)]


def known_uid(uid: object) -> str | None:
    """What can be one; None for what says nothing here."""
    if not isinstance(uid, str) or not uid.isprintable() or not 0 < len(uid.encode()) <= MAX_UID_BYTES:
        return None
    return uid


def row_of_uid(uid: str, calendar: dict[str, Any]) -> dict[str, str]:
    """What a row of an import has of it: a UUID is the task's own, any other the `calendar`'s."""
    if _UUID.fullmatch(uid):
        return {"uid": uid}
    calendar["uid"] = uid
    return {}


def _number(id_: object) -> int | None:
    """Other programs have other ids, by which nothing is found here."""
    return id_ if type(id_) is int else None


def _fitting(kept: str) -> str:
    if len(kept.encode()) > MAX_BYTES or "\0" in kept:
        raise ValueError(f"must have at most {MAX_BYTES} bytes, and no NUL")
    return kept


class ImportedObject(BaseModel):
    """A task as a calendar has put it."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    name: Annotated[
        Annotated[str, Field(pattern=r"^[^/\x00-\x1f\x7f-\x9f]{1,255}$")] | None, BeforeValidator(known_name)
    ] = None
    kept: Annotated[str, AfterValidator(_fitting)]


class ImportedTask(TaskCreate):
    """A task as the export wrote it; ids are given anew, the times stay."""

    id: Annotated[
        int | None,
        BeforeValidator(_number),
        WithJsonSchema({"description": "In the file: by it others say that this is their parent, if it is a number."}),
    ] = None
    position: Annotated[str | None, Field(max_length=255)] = None
    series_id: Annotated[
        int | None,
        BeforeValidator(_number),
        WithJsonSchema({"description": "In the file: those of a series say the same."}),
    ] = None
    next_id: Annotated[
        int | None,
        BeforeValidator(_number),
        WithJsonSchema({"description": "In the file: the task that its completion has made, if it is there."}),
    ] = None
    uid: Annotated[
        str | None,
        BeforeValidator(known_uid),
        WithJsonSchema({"description": "What calendars call the task, if no other task is called so."}),
    ] = None
    parent_uid: Annotated[
        str | None,
        BeforeValidator(known_uid),
        WithJsonSchema({"description": "What calendars call its parent, where that is not in the file."}),
    ] = None
    calendar: ImportedObject | None = None
    completed_at: Time | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    deleted_at: Time | None = None
    recurrence_date: Annotated[str | None, BeforeValidator(known_date)] = None

    def columns(self) -> dict[str, Any]:
        """The date that the task stands for may be another than that on which it is due."""
        columns = super().columns()
        if self.recurrence is None:
            columns.pop("recurrence_date", None)
        elif self.recurrence_date:
            columns["recurrence_date"] = self.recurrence_date
        return columns


class Import(BaseModel):
    """The JSON of the export."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    version: Annotated[int, Field(ge=VERSION, le=VERSION), BeforeValidator(whole)] = VERSION
    tasks: Annotated[list[ImportedTask], Field(max_length=MAX_IMPORTED)]


class Streamed(StreamingResponse):
    """A download whose source is closed with it, however it ends."""

    @classmethod
    async def begin(
        cls, chunks: AsyncGenerator[bytes], media_type: str, filename: str, more: Mapping[str, str]
    ) -> Self:
        """Wait for the first chunk: what fails before it is still answered with a problem."""
        first = await anext(chunks)

        async def all_chunks() -> AsyncGenerator[bytes]:
            async with aclosing(chunks):
                yield first
                async for chunk in chunks:
                    yield chunk

        headers = {
            "content-disposition": f'attachment; filename="{filename}"',
            "cache-control": "private, no-store",
            **more,
        }
        return cls(all_chunks(), headers=headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await cast("AsyncGenerator[bytes]", self.body_iterator).aclose()
