"""What every client of the service knows and no schema can say; loaded by schemathesis.

Nothing is dropped here. A zone has one of few names; a cursor comes from the service and fits one query; an idempotency
key belongs to one request; who erases an account does not go on working with it; a user has a hundred tokens at most,
and a new one ends later than now; a member beyond the contract's may be another page's name for one of them; a stream
would never end. And use_after_free does not know that a deleted task can be restored: where it watches, what is
restored is a task that was deleted behind its back.
key belongs to one request; a parent is a task of one's own that is there; who erases an account does not go on working
with it; a stream would never end. And use_after_free does not know that a deleted task can be restored: where it
watches, what is restored is a task that was deleted behind its back.
"""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import httpx
import jwt
import schemathesis
from hypothesis.control import current_build_context
from pydantic_core import PydanticCustomError
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi.checks import negative_data_rejection

from api.http.idempotency import MAX_LENGTH
from api.tasks.schemas.forms import NAMES, TITLES, understood
from api.tasks.schemas.given import TaskCreate
from core.errors import InvalidInput, Resynchronise
from core.tasks import zones
from core.tasks.questions.cursors import Cursor, KeyKind
from core.tasks.questions.other_names import spelt_out
from core.tasks.questions.parse import parse_list, parse_trash
from core.tasks.questions.queries import KEY_KINDS
from core.tasks.sync import token
from core.tasks.sync.changes import NO_HISTORY
from core.tasks.tree.keys import of_number
from core.types import Revision, TaskId, UserId
from tests.stack import new_user
from tests.tokens import shared_secret_token

TOKENS: WeakKeyDictionary[object, str] = WeakKeyDictionary()
PARAMETERS = (
    *("completed", "status", "priority", "tag", "due_before", "due_after", "time_zone", "search", "accents"),
    *("sort", "sort_by", "order", "sort_order", "limit", "offset", "cursor", "since", "format", "part"),
)
CONDITIONS = {"If-Match": "*", "If-None-Match": ""}
"""And what says the same as none."""

NEVER = "9999-12-31T23:59:59Z"
FILES: dict[str, tuple[str, str | bytes]] = {
    "text/csv": ("csv", "title,completed,priority,tags,uid\r\nWalk,false,low,home,\r\n"),
    "text/calendar": (
        "ics",
        "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:Walk\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
    ),
    "text/plain": ("todo-txt", "(A) Walk +dog\n"),
    "application/octet-stream": ("auto", b"(A) Walk +dog\n"),
}
"""What an import takes, by its type: its format, and a file of that."""

LAST_KEYS: Mapping[KeyKind, int | str] = {
    "time": 1_800_000_000_000_000,
    "text": "m",
    "number": 1,
    "place": of_number(1),
}


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Only valid requests are touched, so that they are requests of a client that keeps to the rules."""
    if case.meta is None:
        return
    if case._has_explicit_auth:
        _sign_in(case)
    if not case.meta.generation.mode.is_positive:
        return
    operation = case.operation.definition.raw["operationId"]
    _say_what_is_known(case.query, operation)
    _mend_body(case, operation)
    if operation in ("listTasks", "listTrash") and "cursor" in case.query:
        case.query["cursor"] = _cursor(case.query, trash=operation == "listTrash")
    _name_what_is_there(case, in_a_file=operation == "importTasks")
    if operation == "listChanges" and "since" in case.query and not _is_token(case.query["since"]):
        case.query["since"] = _token_of(case)
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = _own(case.headers["Idempotency-Key"], case)
    if operation in _OF_OPERATION:
        _OF_OPERATION[operation](case)
    if operation == "eraseAccount" and case._has_explicit_auth:
        case.headers["Authorization"] = f"Bearer {shared_secret_token(new_user())}"
    if operation == "restoreTask" and case.meta.phase.name is TestPhase.STATEFUL:
        case.path_parameters["task_id"] = _task(case, deleted=True)


def _bring_what_is_said(case: Case[Any]) -> None:
    """A text is a file of some program, and not every text; JSON is the service's own."""
    media_type = (case.media_type or "").partition(";")[0]
    if media_type in FILES:
        case.query["format"], case.body = FILES[media_type]
    elif "format" in case.query:
        case.query["format"] = "json"


@schemathesis.check
def precondition_is_judged_rightly(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """412 only where the current state, which the answer tells, was not asked for, or was excluded."""
    if response.status_code != 412:
        return
    asked, excluded = (str(case.headers.get(name, other)).strip() for name, other in CONDITIONS.items())
    [current] = response.headers["etag"]
    is_wanted = asked == "*" or current in asked.replace(f"W/{current}", "")
    is_excluded = excluded == "*" or current in excluded
    assert is_excluded or not is_wanted, "412 although the state is one that was asked for, and not excluded"


@schemathesis.check
def wrong_input_is_refused(context: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """As schemathesis has it, but for what is read as what other pages mean by it."""
    return None if _is_understood(case) else negative_data_rejection(context, response, case)


def _say_what_is_known(query: dict[str, Any], operation: str) -> None:
    """What a schema cannot say of one parameter."""
    if not _is_zone(query.get("time_zone", "UTC")):
        query["time_zone"] = "Europe/Lisbon"
    if operation == "exportTasks" and query.get("format") != "csv":
        query.pop("bom", None)


def _mend_body(case: Case[Any], operation: str) -> None:
    if operation == "createToken":
        _make_room(case)
    else:
        _say_once(case.body)
        _let_tasks_recur(case.body)


def _say_once(body: object) -> None:
    """By the contract's names alone: what is said by another one as well would have to be the same."""
    if isinstance(body, dict):
        for name in (*NAMES, *TITLES):
            body.pop(name, None)
        for value in body.values():
            _say_once(value)
    elif isinstance(body, list):
        for value in body:
            _say_once(value)


def _make_room(case: Case[Any]) -> None:
    """For one token more, that is to end some day, if at all."""
    if isinstance(case.body, dict) and case.body.get("expires_at") is not None:
        case.body["expires_at"] = NEVER
    if case.meta and case.meta.phase.name is not TestPhase.STATEFUL and case._has_explicit_auth:
        case.headers["Authorization"] = f"Bearer {shared_secret_token(new_user())}"


def _let_tasks_recur(body: object) -> None:
    if not isinstance(body, dict):
        return
    operations, tasks = body.get("operations"), body.get("tasks")
    within = [part.get("task") for part in _values(operations) if isinstance(part, dict)]
    for task in (body, *within, *_values(tasks)):
        if isinstance(task, dict):
            _let_recur(task)


def _let_recur(task: dict[str, Any]) -> None:
    """A rule is more than its pattern, and goes with a due date, which a task that recurs keeps."""
    recurrence = task.get("recurrence")
    if isinstance(recurrence, dict):
        task["recurrence"] = {**recurrence, "rule": "FREQ=WEEKLY;BYDAY=MO", "time_zone": None}
        task["due_date"] = task.get("due_date") or "2027-01-04"
    elif "due_date" in task and task["due_date"] is None:
        task["recurrence"] = None


def _is_understood(case: Case[Any]) -> bool:
    """Whether something in it is not read by the contract's own names and values alone."""
    pairs = [(name, str(one)) for name, value in (case.query or {}).items() for one in _values(value)]
    try:
        if spelt_out(pairs, PARAMETERS) != pairs:
            return True
    except InvalidInput:
        return True
    return isinstance(case.body, dict) and not all(_is_read_as_it_is(part) for part in _tasks_in(case.body))


def _is_zone(name: object) -> bool:
    with contextlib.suppress(ValueError):
        return bool(zones.parse(str(name)))
    return False


def _values(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _tasks_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    operations = body.get("operations")
    within = [part.get("task") for part in operations if isinstance(part, dict)] if isinstance(operations, list) else []
    tasks = body.get("tasks")
    imported = tasks if isinstance(tasks, list) else []
    return [body, *(task for task in (*within, *imported) if isinstance(task, dict))]


def _is_read_as_it_is(task: dict[str, Any]) -> bool:
    """By the members of the contract alone, each with its own values."""
    members = TaskCreate.model_fields
    try:
        return understood(task, members) == {name: value for name, value in task.items() if name in members}
    except PydanticCustomError:
        return False


def _cursor(query: Mapping[str, object], *, trash: bool) -> str:
    """The cursor that the service would give for this query, had the page ended somewhere in the middle."""
    filters = {name: value for name, value in query.items() if name not in ("cursor", "offset", "limit")}
    asked = (parse_trash if trash else parse_list)(urlencode(filters, doseq=True).encode())
    return Cursor(LAST_KEYS[KEY_KINDS[asked.sort]], TaskId(1)).encode(asked.question)


def _name_what_is_there(case: Case[Any], *, in_a_file: bool) -> None:
    """Instead of an id that is nobody's, one of a task of whoever asks; in a file no task is another's parent."""
    if not isinstance(case.body, dict) or "Authorization" not in case.headers:
        return
    named = case.body.get("operations")
    operations = [part for part in named if isinstance(part, dict)] if isinstance(named, list) else []
    for part in (*_tasks_in(case.body), *operations):
        for name in ("after", "parent_id"):
            if part.get(name) is not None:
                part[name] = None if in_a_file else _task(case)


def _is_token(text: object) -> bool:
    with contextlib.suppress(ValueError, Resynchronise):
        return bool(token.decode(str(text)))
    return False


def _resume(case: Case[Any]) -> None:
    for given, name in ((case.query, "since"), (case.headers, "Last-Event-ID")):
        if name in given and not _is_token(given[name]):
            given[name] = _token_of(case)


def _token_of(case: Case[Any]) -> str:
    """The token of whoever asks, from the time before their first task: it is always good."""
    bearer = str(case.headers["Authorization"]).removeprefix("Bearer ")
    owner = UserId(jwt.decode(bearer, options={"verify_signature": False})["sub"])
    return token.Token.of(owner, NO_HISTORY, Revision(0)).encode()


def _sign_in(case: Case[Any]) -> None:
    assert case.meta
    if case.meta.phase.name is TestPhase.STATEFUL:
        case.headers["Authorization"] = _token_of_scenario()
    if case.operation.definition.raw["operationId"] == "watchTasks":
        case.headers["Authorization"] = _expiring(str(case.headers["Authorization"]))


def _expiring(authorization: str) -> str:
    """Of the same user, and over: a token is good for some seconds longer, and a stream ends at once."""
    claims = jwt.decode(authorization.removeprefix("Bearer "), options={"verify_signature": False})
    return f"Bearer {shared_secret_token(claims['sub'], exp=int(time.time()))}"


def _token_of_scenario() -> str:
    """A scenario is a user of its own who begins with nothing, so that it goes the same way when it is played again."""
    scenario = current_build_context().data
    if scenario not in TOKENS:
        TOKENS[scenario] = f"Bearer {shared_secret_token(new_user())}"
    return TOKENS[scenario]


def _task(case: Case[Any], *, deleted: bool = False) -> int:
    headers = {"authorization": case.headers["Authorization"]}
    with httpx.Client(base_url=case.operation.schema.get_base_url(), headers=headers, timeout=60) as client:
        task: int = client.post("/api/tasks", json={"title": "Made by another hand"}).raise_for_status().json()["id"]
        if deleted:
            client.delete(f"/api/tasks/{task}").raise_for_status()
    return task


def _own(key: str, case: Case[Any]) -> str:
    """The key in its form, bare or quoted, but of this request alone; the same request again is a retry."""
    conditions = [str(case.headers.get(name)) for name in ("If-Match", "If-None-Match")]
    parts = [case.operation.label, key, case.body, case.path_parameters, case.query, conditions]
    request = json.dumps(parts, sort_keys=True, default=str)
    name = blake2b(request.encode(), digest_size=16).hexdigest()
    own = f'"{name} {key[1:]}' if key.startswith('"') else f"{name} {key}"
    return own if len(own) <= MAX_LENGTH else name


_OF_OPERATION: Mapping[str, Callable[[Case[Any]], None]] = {"watchTasks": _resume, "importTasks": _bring_what_is_said}
