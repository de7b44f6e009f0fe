"""Tasks on their way out and in: downloads, and what an import may be."""

import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import date, datetime
from typing import Annotated, Any, Self, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.problems import faults_of
from api.tasks.formats import VERSION
from api.tasks.schemas import Instant, TaskCreate, whole
from core.errors import InvalidInput
from core.tasks.bulk import MAX_IMPORTED
from core.tasks.fields import DEFAULTS

IMPORT_LIMIT_BYTES = 8 * 1024 * 1024
"""What is read takes up to 25 times as much memory, if it is made for that."""

MAX_FAULTS = 20

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _whole_milliseconds(instant: datetime) -> datetime:
    """As the database keeps it, but cut off: rounded up, the last instant of the year 9999 would be none."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


Time = Annotated[Instant, AfterValidator(_whole_milliseconds)]


def _known(uid: object) -> str | None:
    """What is no UUID some other program has given: it says nothing here."""
    return uid.lower() if isinstance(uid, str) and _UUID.fullmatch(uid) else None


class ImportedTask(TaskCreate):
    """A task as the export wrote it; ids are given anew, the times stay."""

    uid: Annotated[str | None, BeforeValidator(_known)] = None
    completed_at: Time | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    deleted_at: Time | None = None


class Import(BaseModel):
    """The JSON of the export."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    version: Annotated[int, Field(ge=VERSION, le=VERSION), BeforeValidator(whole)] = VERSION
    tasks: Annotated[list[ImportedTask], Field(max_length=MAX_IMPORTED)]


def parse_import(body: object) -> str:
    """The rows as `core.bulk.insert_all` takes them, as JSON; raises `InvalidInput`."""
    try:
        document = Import.model_validate(body)
    except ValidationError as error:
        raise InvalidInput(*faults_of(error.errors(include_url=False)[:MAX_FAULTS])) from None
    return json.dumps(_rows(document.tasks), default=datetime.isoformat)


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


def _rows(tasks: list[ImportedTask]) -> list[dict[str, Any]]:
    """The first task of a uid has it."""
    rows, uids = [_row(task) for task in tasks], set[str]()
    for row in rows:
        uid = row.pop("uid", None)
        if uid is not None and uid not in uids:
            uids.add(uid)
            row["uid"] = uid
    return rows


def _row(task: ImportedTask) -> dict[str, Any]:
    columns = {**DEFAULTS, **task.columns()}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in columns.items()}
