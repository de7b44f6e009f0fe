"""The tools: what each is called, takes, gives and may do. All of them work on the tasks of whoever asks."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NotRequired, TypeVar
from urllib.parse import unquote

from mcp.types import Tool as Described
from mcp.types import ToolAnnotations
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from api.http.problems import faults_of
from api.mcp import arguments
from api.tasks.schemas.members import Id
from api.tasks.schemas.shown import ChangedTask, Task, TaskStats
from api.tasks.service import Tasks
from core.cache.answer import Answer
from core.errors import InvalidInput
from core.limits import Kind
from core.tasks.crud import ANY_STATE
from core.tasks.questions.queries import ListQuery
from core.types import UserId

A = TypeVar("A", bound=BaseModel)
Given = dict[str, Any]

_NEXT = re.compile(r"[?&]cursor=([^&>]+)")


class FoundTask(Task):
    """A task; with `deleted_at` when it is in the trash."""

    deleted_at: NotRequired[AwareDatetime]


class Page(TypedDict):
    """A part of the tasks that were asked for."""

    tasks: list[FoundTask]
    total: Annotated[int, Field(ge=0, description="How many there are on all pages together.")]
    next_cursor: Annotated[str | None, Field(description="For `cursor`, to get the next page; null: that was all.")]


class Deleted(TypedDict):
    """What is in the trash now."""

    id: Id
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[A]):
    """`run` gets what `takes` has found in order; `kind` says which limit a call counts against."""

    name: str
    title: str
    description: str
    takes: type[A]
    gives: Any
    run: Callable[[Tasks, UserId, A], Awaitable[Given]]
    kind: Kind = "writes"
    destructive: bool = False
    idempotent: bool = True

    async def call(self, tasks: Tasks, owner: UserId, arguments: Given) -> Given:
        """Raises `InvalidInput` for arguments that are not the tool's, and what the service raises."""
        try:
            taken = self.takes.model_validate(arguments)
        except ValidationError as error:
            raise InvalidInput(*faults_of(error.errors())) from None
        return await self.run(tasks, owner, taken)

    def described(self) -> Described:
        """For a client, with the schemas of what it takes and gives."""
        reads = self.kind == "reads"
        return Described(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=_terse(self.takes.model_json_schema()),
            output_schema=_terse(TypeAdapter(self.gives).json_schema(mode="serialization")),
            annotations=ToolAnnotations(
                title=self.title,
                read_only_hint=reads,
                destructive_hint=self.destructive,
                idempotent_hint=reads or self.idempotent,
                open_world_hint=False,
            ),
        )


async def _list(tasks: Tasks, owner: UserId, asked: arguments.ListTasks) -> Given:
    return await _page(tasks, owner, asked.query())


async def _search(tasks: Tasks, owner: UserId, asked: arguments.SearchTasks) -> Given:
    return await _page(tasks, owner, asked.query())


async def _stats(tasks: Tasks, owner: UserId, asked: arguments.CountTasks) -> Given:
    answer, _ = await tasks.read(owner, asked.query())
    return _loaded(answer.body)


async def _add(tasks: Tasks, owner: UserId, new: arguments.AddTask) -> Given:
    return _loaded((await tasks.create(owner, new, None)).body)


async def _update(tasks: Tasks, owner: UserId, changes: arguments.UpdateTask) -> Given:
    return _loaded((await tasks.update(owner, changes.task, changes, ANY_STATE, None)).body)


async def _complete(tasks: Tasks, owner: UserId, asked: arguments.CompleteTask) -> Given:
    done = await tasks.complete(
        owner, asked.task, ANY_STATE, None, completed=asked.completed, descendants=asked.descendants
    )
    return _loaded(done.body)


async def _move(tasks: Tasks, owner: UserId, asked: arguments.MoveTaskTo) -> Given:
    return _loaded((await tasks.move(owner, asked.task, asked.move, ANY_STATE, None)).body)


async def _delete(tasks: Tasks, owner: UserId, asked: arguments.OneTask) -> Given:
    await tasks.delete(owner, asked.task, ANY_STATE)
    return {"id": asked.id, "deleted": True}


async def _restore(tasks: Tasks, owner: UserId, asked: arguments.OneTask) -> Given:
    return _loaded((await tasks.restore(owner, asked.task, None)).body)


TOOLS: tuple[Tool[Any], ...] = (
    Tool(
        name="list_tasks",
        title="List tasks",
        description="The user's tasks, page by page, filtered and ordered as you want. With `trash` the deleted ones.",
        takes=arguments.ListTasks,
        gives=Page,
        run=_list,
        kind="reads",
    ),
    Tool(
        name="search_tasks",
        title="Search tasks",
        description="The user's tasks whose title or description contains a text, page by page, the newest first.",
        takes=arguments.SearchTasks,
        gives=Page,
        run=_search,
        kind="reads",
    ),
    Tool(
        name="task_stats",
        title="Count tasks",
        description="How many tasks the user has: in all, completed, pending, overdue, by priority and by tag.",
        takes=arguments.CountTasks,
        gives=TaskStats,
        run=_stats,
        kind="reads",
    ),
    Tool(
        name="add_task",
        title="Add a task",
        description="Make a task. Each call makes another one.",
        takes=arguments.AddTask,
        gives=Task,
        run=_add,
        idempotent=False,
    ),
    Tool(
        name="update_task",
        title="Update a task",
        description="Change a task: what you leave out stays, `null` clears it. What was there before is lost.",
        takes=arguments.UpdateTask,
        gives=ChangedTask,
        run=_update,
        destructive=True,
    ),
    Tool(
        name="complete_task",
        title="Complete a task",
        description="Mark a task and its subtasks as completed, or with `completed: false` it alone as pending.",
        takes=arguments.CompleteTask,
        gives=ChangedTask,
        run=_complete,
    ),
    Tool(
        name="move_task",
        title="Move a task",
        description="Put a task elsewhere in the user's own order (`sort=position`), or beneath another task.",
        takes=arguments.MoveTaskTo,
        gives=ChangedTask,
        run=_move,
    ),
    Tool(
        name="delete_task",
        title="Delete a task",
        description="Move a task and its subtasks to the trash; `restore_task` brings them back until they are erased.",
        takes=arguments.OneTask,
        gives=Deleted,
        run=_delete,
        destructive=True,
    ),
    Tool(
        name="restore_task",
        title="Restore a task",
        description="Take a task out of the trash; `list_tasks` with `trash` shows what is in there.",
        takes=arguments.OneTask,
        gives=ChangedTask,
        run=_restore,
    ),
)


def _terse(schema: Given) -> Given:
    """Without titles that repeat a name, and patterns: a model pays for them, and some hosts know no lookahead."""

    def kept(part: Any) -> Any:
        if isinstance(part, dict):
            dropped = {name for name in ("title", "pattern") if isinstance(part.get(name), str)}
            return {name: kept(value) for name, value in part.items() if name not in dropped}
        return [kept(item) for item in part] if isinstance(part, list) else part

    terse: Given = kept(schema)
    return terse


async def _page(tasks: Tasks, owner: UserId, query: ListQuery) -> Given:
    answer, _ = await tasks.read(owner, query)
    found = json.loads(answer.body)
    return {
        "tasks": found if isinstance(found, list) else found["tasks"],  # by TASK_LIST_SHAPE
        "total": int(dict(answer.headers)["x-total-count"]),
        "next_cursor": _next_cursor(answer),
    }


def _next_cursor(answer: Answer) -> str | None:
    """Out of the link to the next page."""
    found = _NEXT.search(dict(answer.headers).get("link", ""))
    return unquote(found[1]) if found else None


def _loaded(document: str | bytes) -> Given:
    """A task or the counts, which PostgreSQL wrote."""
    found: Given = json.loads(document)
    return found
