"""One user's Thursday, shown wherever the document shows a body."""

import json
from typing import Any

from api.tasks.files.formats import KINDS, Format, document
from core.tasks.crud import task_etag
from core.tasks.sync.token import Token
from core.tasks.tree.keys import of_number
from core.types import History, Revision, TaskId, UserId

Document = dict[str, Any]


def etag(revision: int) -> str:
    """The task's, with the list at that revision."""
    return task_etag(TaskId(42), Revision(revision))


TASK: Document = {
    "id": 42,
    "user_id": "k7dQ2mX9pLw4Zr8TnB5vYc3HsJ6fGa1e",
    "title": "Buy milk",
    "description": "The one in the glass bottle",
    "completed": False,
    "completed_at": None,
    "priority": "high",
    "due_date": "2026-12-24",
    "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=TH", "time_zone": None, "from": "due"},
    "series_id": 35,
    "next_id": None,
    "tags": ["home", "shopping"],
    "reminders": [30],
    "parent_id": None,
    "position": of_number(42),
    "created_at": "2026-12-17T08:30:00.000Z",
    "updated_at": "2026-12-17T08:30:00.000Z",
    "etag": etag(1_797_496_200_000_000),
}
COMPLETED: Document = {
    **TASK,
    "completed": True,
    "completed_at": "2026-12-17T17:05:12.345Z",
    "next_id": 43,
    "updated_at": "2026-12-17T17:05:12.345Z",
    "etag": etag(1_797_527_112_345_678),
}
DELETED: Document = {**COMPLETED, "deleted_at": "2026-12-17T18:00:00.000Z", "etag": etag(1_797_530_400_123_456)}
CHILD: Document = {"id": 43, "title": "Take the empty bottles along", "parent_id": 42, "position": of_number(43)}
UID = "3f0b6a52-7c1d-4e8a-9a57-d2c4b1e06f93"
OTHER_UID = "c2f6d1aa-90b4-4c6e-8f0d-5b7a3e91c844"
EXPORTED: Document = {
    **TASK,
    "deleted_at": None,
    "uid": UID,
    "parent_uid": None,
    "recurrence_date": "2026-12-24",
    "calendar": None,
}
EXPORTED_DELETED: Document = {**EXPORTED, **DELETED, "uid": OTHER_UID}
ACCOUNT: Document = {
    "user_id": TASK["user_id"],
    "status": "active",
    "tasks": 12,
    "erasure_requested_at": None,
    "trash_retention_days": 30,
}
TOKEN: Document = {
    "id": 7,
    "name": "Thunderbird",
    "scopes": ["tasks:read", "tasks:write"],
    "created_at": "2026-12-17T08:30:00.000Z",
    "expires_at": "2099-12-17T00:00:00.000Z",
    "last_used_at": None,
}
NOT_FOUND: Document = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "There is no such thing here.",
    "message": "There is no such thing here.",
}


def _written(format_: Format) -> str:
    return document(KINDS[format_].writer(), [json.dumps(EXPORTED)]).decode()


CSV = _written("csv")
ICS = _written("ics")

NEXT = Token.of(UserId(TASK["user_id"]), History(1_797_490_000_000_000), Revision(1_797_496_200_000_000)).encode()


CHANGED = f'{{"changes":[{json.dumps(TASK)}],"next":"{NEXT}","more":false}}'


def _examples(**values: Any) -> Document:
    return {name: {"value": value} for name, value in values.items()}


EXAMPLES: dict[str, Document] = {
    "TaskCreate": _examples(
        title_only={"title": "Buy milk"},
        full={
            "title": "Buy milk",
            "description": "The one in the glass bottle",
            "priority": "high",
            "due_date": "2026-12-24",
            "tags": ["home", "shopping"],
            "reminders": [30, "2026-12-23T17:00:00Z"],
            "parent_id": None,
        },
        every_last_friday={
            "title": "Hand in the hours",
            "due_date": "2026-12-25T17:00:00+01:00",
            "recurrence": {"rule": "FREQ=MONTHLY;BYDAY=-1FR", "time_zone": "Europe/Berlin"},
        },
        due_at_an_instant={"title": "Call the dentist", "due_date": "2026-12-24T09:30:00+01:00"},
    ),
    "TaskUpdate": _examples(
        one_member={"title": "Buy oat milk"},
        cleared={"description": None, "recurrence": None, "due_date": None},
        whole_task_sent_back={**TASK, "title": "Buy oat milk"},
    ),
    "Completion": _examples(complete={"completed": True}, toggle={}, toggle_too=None),
    "MoveTask": _examples(
        behind_another={"after": 41},
        to_the_top={"after": None, "parent_id": None},
        beneath_a_parent={"after": None, "parent_id": 41},
    ),
    "Task": _examples(task=TASK),
    "ChangedTask": _examples(
        task=TASK,
        with_subtasks={**COMPLETED, "descendants": [{**COMPLETED, **CHILD}]},
    ),
    "Changes": _examples(
        changes={"changes": [TASK, {"id": 40, "deleted_at": DELETED["deleted_at"]}], "next": NEXT, "more": False},
        nothing_new={"changes": [], "next": NEXT, "more": False},
    ),
    "Event": _examples(
        changed={"event": "changes", "data": CHANGED, "id": NEXT},
        process_ends={"event": "reconnect", "data": "{}", "retry": 2713},
    ),
    "Occurrences": _examples(
        weekly={"occurrences": ["2026-12-31", "2027-01-07", "2027-01-14"]}, once={"occurrences": []}
    ),
    "TaskStats": _examples(
        stats={
            "total": 12,
            "completed": 7,
            "pending": 5,
            "overdue": 1,
            "by_priority": {"low": 2, "medium": 6, "high": 3, "urgent": 1},
            "by_tag": {"home": 4, "shopping": 2},
        }
    ),
    "Batch": _examples(
        atomic={
            "operations": [
                {"op": "create", "task": {"title": "Wrap the presents"}},
                {"op": "update", "id": 42, "task": {"priority": "low"}, "if_match": TASK["etag"]},
                {"op": "complete", "id": 41, "completed": True},
                {"op": "delete", "id": 40},
                {"op": "move", "id": 42, "after": 41},
            ]
        },
        each_for_itself={"atomic": False, "operations": [{"op": "complete", "id": 42}, {"op": "delete", "id": 41}]},
    ),
    "BatchResult": _examples(
        results={
            "atomic": False,
            "results": [
                {"status": 200, "etag": COMPLETED["etag"], "task": COMPLETED},
                {"status": 404, "problem": NOT_FOUND},
            ],
        }
    ),
    "Import": _examples(export={"version": 1, "tasks": [EXPORTED, EXPORTED_DELETED]}),
    "TagRename": _examples(rename={"from": "errands", "to": "shopping"}, spelling={"from": "Home", "to": "home"}),
    "RenamedTag": _examples(renamed={"tag": "shopping", "renamed": 3}),
    "Imported": _examples(
        imported={"imported": 2},
        of_another={"imported": 2, "format": "todoist-csv", "left_out": {}, "not_carried": {"section": 2}},
    ),
    "ImportPreview": _examples(
        preview={
            "format": "todo-txt",
            "left_out": {},
            "not_carried": {"start": 1},
            "tasks": [
                {
                    **{name: TASK[name] for name in ("title", "description", "completed", "completed_at", "priority")},
                    **{name: TASK[name] for name in ("due_date", "tags", "reminders", "created_at", "updated_at")},
                    "recurrence": None,
                    "parent": None,
                    "place": "line 1",
                    "not_carried": [{"what": "start", "value": "t:2026-12-20"}],
                }
            ],
        }
    ),
    "Export": _examples(export={"version": 1, "tasks": [EXPORTED, EXPORTED_DELETED]}),
    "Account": _examples(account=ACCOUNT),
    "Erasure": _examples(
        erasing={**ACCOUNT, "status": "erasing", "erasure_requested_at": "2026-12-17T18:00:00.000Z"},
    ),
    "TokenCreate": _examples(
        for_good={"name": "Backup", "scopes": ["tasks:read"]},
        with_an_end={"name": TOKEN["name"], "scopes": TOKEN["scopes"], "expires_at": TOKEN["expires_at"]},
    ),
    "NewAccessToken": _examples(token={**TOKEN, "token": f"tl_{'a' * 39}"}),
    "AccessTokens": _examples(tokens={"tokens": [{**TOKEN, "last_used_at": "2026-12-17T17:00:00.000Z"}]}),
    "Alive": _examples(alive={"status": "ok"}),
    "Ready": _examples(ready={"status": "ok", "database": "ok", "redis": "ok"}),
    "csv": _examples(csv=CSV),
    "ics": _examples(ics=ICS),
    "zip": _examples(zip="PK…"),
    "todo": _examples(todo="(A) 2026-11-28 Wrap the presents @home due:2026-12-24\n"),
}
