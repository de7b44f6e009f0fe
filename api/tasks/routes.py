"""The task resource over HTTP, under `/api/tasks` and, for pages that name the user, `/api/{user_id}/tasks`."""

import asyncio
import json
from http import HTTPStatus
from typing import Any, cast

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.guard import LargeBodyRoute, Owner, OwnersRoute
from api.http.bodies.intake import LargeRequest
from api.http.bodies.read import JSON_TYPES, check_type
from api.http.conditional import in_all, is_not_modified
from api.http.idempotency import key_of, key_of_file, key_of_pieces
from api.tasks import preconditions
from api.tasks.batch import BATCH_LIMIT_BYTES, Batch
from api.tasks.files import formats
from api.tasks.files.brought import bring
from api.tasks.files.formats.table import Table
from api.tasks.files.lineage import TASKS
from api.tasks.files.transfer import FILE_TYPES, IMPORT_LIMIT_BYTES, Streamed
from api.tasks.parameters import Id, ImportAsked, Service, parse_export, parse_import
from api.tasks.schemas.given import Completion, TaskCreate, TaskUpdate
from api.tasks.schemas.moving import MoveTask, TagRename
from api.tasks.service import Tasks, changed
from core.errors import Fault, InvalidInput
from core.idempotency import Key, Outcome
from core.tasks import bulk
from core.tasks.crud import Condition
from core.tasks.questions.parse import parse_changes, parse_list, parse_occurrences, parse_stats, parse_trash
from core.tasks.questions.queries import Query, TaskQuery
from core.types import TaskId, UserId

PRIVATE = {"cache-control": "private, no-cache", "vary": "Authorization"}

router = APIRouter(route_class=OwnersRoute, tags=["tasks"])


@router.get("", operation_id="listTasks")
async def list_tasks(request: Request, owner: Owner, tasks: Service) -> Response:
    """The tasks of the caller, newest first unless `sort` says else."""
    return await _read(request, owner, tasks, parse_list(request.scope["query_string"]))


@router.post("", operation_id="createTask", status_code=HTTPStatus.CREATED)
async def create_task(request: Request, owner: Owner, tasks: Service, new: TaskCreate) -> Response:
    """Make a task; with an `Idempotency-Key`, once however often it is sent."""
    return _outcome(await tasks.create(owner, new, await key_of(request, "create")))


async def batch_tasks(request: Request, owner: Owner, tasks: Service, batch: Batch) -> Response:
    """Apply up to 100 operations in their order, in one transaction."""
    return _outcome(await tasks.batch(owner, batch, await key_of(request, "batch")))


router.add_api_route(
    "/batch", batch_tasks, methods=["POST"], operation_id="batchTasks", max_body_size=BATCH_LIMIT_BYTES
)


@router.get("/stats", operation_id="getTaskStats")
async def task_stats(request: Request, owner: Owner, tasks: Service) -> Response:
    """How many tasks there are, of which kinds."""
    return await _read(request, owner, tasks, parse_stats(request.scope["query_string"]))


@router.get("/changes", operation_id="listChanges")
async def list_changes(request: Request, owner: Owner, tasks: Service) -> Response:
    """What has changed since an earlier answer's `next`, each task once, as it is now; without `since` all tasks.

    Whoever applies the pages in their order, until `more` is false, holds exactly what the list shows at that moment.
    410 when that cannot be told any more: begin anew, without `since`.
    """
    return await _read(request, owner, tasks, parse_changes(request.scope["query_string"]))


@router.get("/trash", operation_id="listTrash")
async def list_trash(request: Request, owner: Owner, tasks: Service) -> Response:
    """The deleted tasks, the last deleted first; each is erased when the retention is over."""
    return await _read(request, owner, tasks, parse_trash(request.scope["query_string"]))


@router.delete("/trash", operation_id="emptyTrash", status_code=HTTPStatus.NO_CONTENT)
async def empty_trash(owner: Owner, tasks: Service) -> Response:
    """Erase now what lies in the trash; nothing brings it back."""
    await tasks.empty_trash(owner)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/tags/rename", operation_id="renameTag")
async def rename_tag(request: Request, owner: Owner, tasks: Service, asked: TagRename) -> Response:
    """Call a tag otherwise in all tasks, those in the trash too, however it is spelt there.

    If there is a tag of the new name already, in whatever spelling, the two become one, written as it was first given.
    Where nothing but the spelling is new, that is taken.
    """
    return _outcome(await tasks.rename_tag(owner, asked, await key_of(request, "rename a tag")))


@router.get("/export", operation_id="exportTasks")
async def export_tasks(request: Request, owner: Owner, tasks: Service) -> Response:
    """Every task, those in the trash too, as they all were at one moment: `?format=json` (for import), `csv`, `ics`.

    With `after` in parts that an import takes, each of one moment: `after=0`, and on by `Link`. A `zip` has a file of
    iCalendar per task, and is to be had in parts if it is a large one.
    """
    name, marked, after = parse_export(request.scope["query_string"])
    bounds, more = bulk.ALL, False
    if after is not None or name == "zip":
        last, more = await tasks.part(owner, TaskId(after or 0))
        bounds = {"after": after or 0, "last": last}
    if more and after is None:
        raise InvalidInput(Fault("?after", "is needed: there are too many tasks for one zip; begin with 0"))
    kind = formats.KINDS[name]
    writer = Table(marked=True) if marked else kind.writer()
    link = {"link": f'</api/tasks/export?after={bounds["last"]}&format={name}>; rel="next"'} if more else {}
    transport: asyncio.Transport | None = request.scope["tasklane.transport"]
    batches = tasks.export(owner, bounds, let_go=transport.abort if transport else _nothing)
    chunks = formats.chunks(writer, batches)
    return await Streamed.begin(chunks, kind.media_type, f"tasks.{name}", link)


async def import_tasks(request: Request, owner: Owner, tasks: Service) -> Response:
    """Make the tasks of a file anew, with the times they had and ids of their own: all of them or none.

    Without `format` an export of this service as JSON; else any file that docs/import.md names, zipped or not.
    """
    large = cast(LargeRequest, request)  # the route's class says so
    asked = parse_import(request.scope["query_string"])
    if large.document:
        check_type(large, FILE_TYPES if asked.format else JSON_TYPES)
    brought = await bring(large.document, asked)
    large.place.grow(brought.size)
    if asked.dry_run:
        return Response(b"".join(brought.preview()), headers=PRIVATE, media_type="application/json")
    key = await _key_of_import(large, asked)
    large.document = b""
    told = brought.told if asked.format else {}
    return _outcome(await tasks.import_all(owner, brought.batches, key, told=told))


router.add_api_route(
    "/import",
    import_tasks,
    methods=["POST"],
    operation_id="importTasks",
    status_code=HTTPStatus.CREATED,
    max_body_size=IMPORT_LIMIT_BYTES,
    route_class_override=LargeBodyRoute,
)


@router.get("/{task_id:task}", operation_id="getTask")
async def get_task(request: Request, owner: Owner, tasks: Service, task: Id) -> Response:
    """One task."""
    return await _read(request, owner, tasks, TaskQuery(task))


@router.get("/{task_id:task}/occurrences", operation_id="listOccurrences")
async def list_occurrences(request: Request, owner: Owner, tasks: Service, task: Id) -> Response:
    """When a task comes again: the next ten due dates, or as many as `limit` says; none if it does not recur."""
    asked = parse_occurrences(request.scope["query_string"])
    found = await tasks.occurrences(owner, task, asked.limit)
    return Response(json.dumps({"occurrences": found}), headers=PRIVATE, media_type="application/json")


@router.put("/{task_id:task}", operation_id="replaceTask")
@router.patch("/{task_id:task}", operation_id="updateTask")
async def update_task(request: Request, owner: Owner, tasks: Service, task: Id, changes: TaskUpdate) -> Response:
    """Merge the body into a task (RFC 7396), with PUT as with PATCH: what is absent stays, `null` clears."""
    descendants = _descendants(request)
    key = await key_of(request, f"update {task}" + _LEFT * (not descendants))
    condition = _condition(request, task)
    return _outcome(await tasks.update(owner, task, changes, condition, key, descendants=descendants))


@router.patch("/{task_id:task}/complete", operation_id="completeTask")
@router.patch("/{task_id:task}/toggle", operation_id="toggleTask")
async def complete_task(
    request: Request, owner: Owner, tasks: Service, task: Id, body: Completion | None = None
) -> Response:
    """Set `completed`, by the body or by `?completed=`; with neither, toggle it.

    Completing completes what is open beneath it, unless `?descendants=false` leaves that as it is.
    """
    completed, descendants = _completion(request, body), _descendants(request)
    key = await key_of(request, f"complete {task} {completed}" + _LEFT * (not descendants))
    condition = _condition(request, task)
    return _outcome(await tasks.complete(owner, task, condition, key, completed=completed, descendants=descendants))


@router.post("/{task_id:task}/move", operation_id="moveTask")
async def move_task(request: Request, owner: Owner, tasks: Service, task: Id, to: MoveTask) -> Response:
    """Put a task behind another one or at the top, and beneath a parent or at the top level."""
    key = await key_of(request, f"move {task}")
    return _outcome(await tasks.move(owner, task, to.move, _condition(request, task), key))


@router.post("/{task_id:task}/restore", operation_id="restoreTask")
async def restore_task(request: Request, owner: Owner, tasks: Service, task: Id) -> Response:
    """Take a task out of the trash, and what went there with it.

    Where its parent is in the trash, or erased, it comes back at the top level.
    """
    return _outcome(await tasks.restore(owner, task, await key_of(request, f"restore {task}")))


@router.delete("/{task_id:task}", operation_id="deleteTask", status_code=HTTPStatus.NO_CONTENT)
async def delete_task(request: Request, owner: Owner, tasks: Service, task: Id) -> Response:
    """Move a task to the trash, with what is beneath it.

    Where the service is set to it, the answer is 200 and the task as it lies there.
    """
    deleted = await tasks.delete(owner, task, _condition(request, task))
    return _outcome(changed(deleted)) if tasks.tells_deleted else Response(status_code=HTTPStatus.NO_CONTENT)


async def _key_of_import(large: LargeRequest, asked: ImportAsked) -> Key | None:
    if asked.format is None:
        return await key_of_pieces(large, "import", large.document, array=TASKS)
    return key_of_file(large, f"import {asked.format} {asked.zone} {asked.lists_as_tags}", large.document)


def _nothing() -> None:
    """Where the server is another, nobody is let go of."""


async def _read(request: Request, owner: UserId, tasks: Tasks, query: Query) -> Response:
    answer, result = await tasks.read(owner, query)
    headers = {"etag": answer.etag, **PRIVATE, "x-cache": result, **dict(answer.headers)}
    if is_not_modified(in_all(request.headers, "if-none-match"), answer.etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(answer.body, headers=headers, media_type="application/json")


def _condition(request: Request, task: TaskId) -> Condition:
    if_match, if_none_match = (in_all(request.headers, name) for name in ("if-match", "if-none-match"))
    return preconditions.condition(task, if_match=if_match, if_none_match=if_none_match)


def _outcome(outcome: Outcome) -> Response:
    headers: dict[str, Any] = {**outcome.headers, **PRIVATE}
    if outcome.replayed:
        headers["idempotent-replayed"] = "true"
    return Response(outcome.body, outcome.status, headers, "application/json")


_LEFT = " alone"
"""Of a request that would have been another one with all that is beneath its task."""


def _descendants(request: Request) -> bool:
    return _flag(request, "descendants") is not False


def _completion(request: Request, body: Completion | None) -> bool | None:
    asked = _flag(request, "completed")
    return body.completed if asked is None and body else asked


def _flag(request: Request, name: str) -> bool | None:
    asked = request.query_params.getlist(name)
    if not asked:
        return None
    if len(asked) > 1 or asked[0] not in ("true", "false"):
        raise InvalidInput(Fault(f"?{name}", "must be true or false, once"))
    return asked[0] == "true"
