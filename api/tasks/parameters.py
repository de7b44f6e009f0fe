"""What the handlers of tasks are given, beside their owner."""

from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.convertors import Convertor, register_url_convertor

from api.tasks.service import Tasks
from core.tasks.parse import parse_task_id
from core.types import TaskId


class TaskSegment(Convertor[str]):
    """A step of a path that may name a task: what has a route of its own beside the tasks is no task for any method."""

    regex = "(?!(?:batch|changes|events|export|import|stats|trash)(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("task", TaskSegment())


async def _tasks(request: Request) -> Tasks:
    return cast(Tasks, request.app.state.tasks)


async def _task_id(task_id: str) -> TaskId:
    return parse_task_id(task_id)


Service = Annotated[Tasks, Depends(_tasks)]
Id = Annotated[TaskId, Depends(_task_id)]
