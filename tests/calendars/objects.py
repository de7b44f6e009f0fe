"""Calendar objects for tests: made of lines, and put and read as the service does it."""

import json
from typing import Any

from api.services import Services
from api.tasks.objects import read, write
from api.tasks.objects.content import folded
from api.tasks.objects.times.alarms import instant as shown
from core.calendars import writes
from core.calendars.fields import CALENDAR_JSON, NAME, NAMED, named_parameters
from core.calendars.writes import ConditionOf, Put
from core.database.transaction import Transaction
from core.tasks.crud import ANY_STATE
from core.tasks.tree.keys import of_number
from core.types import TaskId, UserId

Document = dict[str, Any]

MADE = "2026-01-01T00:00:00.000Z"


def todo(*lines: str, uid: str = "one@example.org", before: tuple[str, ...] = ()) -> bytes:
    """A calendar with one VTODO of these lines; `before` it what else is in there."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Test//EN", *before, "BEGIN:VTODO")
    tail = ("END:VTODO", "END:VCALENDAR")
    stamps = (f"UID:{uid}", "DTSTAMP:20260101T000000Z")
    return b"".join(map(folded, (*head, *stamps, *lines, *tail)))


def anything(_: TaskId) -> Any:
    return ANY_STATE


class Collection:
    """A user's objects."""

    def __init__(self, services: Services, owner: UserId) -> None:
        self._lists = services.lists
        self.owner = owner

    async def put(
        self, name: str, body: bytes, condition_of: ConditionOf = anything, *, only_update: bool = False
    ) -> Put:
        todo = read(body)
        return await self._lists.write(
            self.owner, lambda change: writes.put(change, name, todo, condition_of, only_update=only_update)
        )

    async def delete(self, name: str, condition_of: ConditionOf = anything) -> None:
        await self._lists.write(self.owner, lambda change: writes.delete(change, name, condition_of))

    async def get(self, name: str) -> bytes | None:
        """None where there is no live one."""
        found = await self._look(
            "SELECT " + CALENDAR_JSON + " FROM " + NAMED + " n JOIN tasks t ON t.user_id = %(owner)s AND t.id = n.id"
            " WHERE t.deleted_at IS NULL",
            **named_parameters([name]),
        )
        return write(found[0]) if found else None

    async def tasks(self) -> list[Document]:
        """The live ones, the oldest first."""
        return await self._look(
            "SELECT " + CALENDAR_JSON + " FROM tasks t WHERE user_id = %(owner)s AND deleted_at IS NULL ORDER BY id"
        )

    async def named(self) -> dict[str, str]:
        """The titles of the live ones by their names."""
        sql: Any = (
            "SELECT json_build_array(" + NAME + ", title) FROM tasks t WHERE user_id = %(owner)s AND deleted_at IS NULL"
        )
        return dict(await self._look(sql))

    async def rows(self, sql: Any, **parameters: object) -> list[Any]:
        """Of one statement, as the user."""

        def query(transaction: Transaction) -> Any:
            return transaction.execute(sql, **parameters)

        return await self._lists.read(self.owner, query)

    async def _look(self, sql: Any, **parameters: object) -> list[Any]:
        found = await self.rows(sql, **parameters)
        return [row if isinstance(row, list) else json.loads(row) for (row,) in found]


def task_of(body: bytes, **changes: Any) -> Document:
    """The task that a new object becomes, as the service shows it; `changes` are made to it elsewhere."""
    todo = read(body)
    said = todo.said(None)
    columns = said.columns
    on, at = columns.pop("due_on"), columns.pop("due_at")
    stands_for, recurrence = columns.pop("recurrence_date"), columns.pop("recurrence")
    task = {
        **columns,
        "id": 1,
        "recurrence": json.loads(recurrence) if recurrence else None,
        "recurrence_date": stands_for,
        "next_id": None,
        "uid": todo.uid,
        "parent_uid": said.parent_uid,
        "position": said.place or of_number(1),
        "due_date": on.isoformat() if on else at and shown(at),
        "completed_at": shown(said.completed_at) if said.completed_at else MADE if columns["completed"] else None,
        "created_at": MADE,
        "updated_at": MADE,
        "calendar": {"name": "x.ics", "kept": said.text, "as_is": False},
    }
    return {**task, **changes}
