"""What the routes can ask for: reads through the cache, writes through the one place that commits."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from api.hits.reads import CachedReads, Result
from api.http.problems import problem_of
from api.tasks import batch
from api.tasks.batch import Batch
from api.tasks.files.exports import Exports
from api.tasks.schemas.given import TaskCreate, TaskUpdate
from api.tasks.schemas.moving import TagRename
from core.cache.answer import Answer
from core.errors import NotFound, Resynchronise, TasklaneError
from core.idempotency import Key, Outcome, once
from core.lists.lists import Change, Lists
from core.settings import Settings
from core.tasks import answers, bulk, crud, tags
from core.tasks.bulk import Batches
from core.tasks.crud import Condition, StoredTask
from core.tasks.questions.queries import Query
from core.tasks.recurring import occurrences
from core.tasks.tree import moves
from core.tasks.tree.moves import Move
from core.types import TaskId, UserId

LONG_SECONDS = 30
"""For what may change all tasks of a user."""


class Tasks:
    """Every method works on the tasks of `owner` and of nobody else; all but the reads raise `DatabaseUnavailable`."""

    def __init__(self, lists: Lists, reads: CachedReads, settings: Settings) -> None:
        self._lists = lists
        self._reads = reads
        self._shape: answers.Shape = settings.task_list_shape
        self.tells_deleted = settings.delete_answer == "200"
        """Whether the answer to a deletion has a body."""
        self._key_hours = settings.idempotency_retention_hours
        self._exports = Exports(settings.database_pool_size)

    async def read(self, owner: UserId, query: Query, *, changed: bool = False) -> tuple[Answer, Result]:
        """A list, a task, the statistics or what has changed; raises `NotFound` and `Resynchronise`.

        `changed`: Redis need not be asked whether the list still stands where the question says.
        """

        async def make() -> Answer:
            return await self._lists.read(owner, lambda tx: answers.make(tx, owner, query, shape=self._shape))

        try:
            variant = answers.variant(query, shape=self._shape)
            unchanged = None if changed else answers.unchanged(owner, query)
            return await self._reads.answer(owner, variant, make, unchanged=unchanged)
        except (NotFound, Resynchronise):
            await self._lists.show_present(owner)
            raise

    async def occurrences(self, owner: UserId, task: TaskId, limit: int) -> list[str]:
        """When a task comes again, as JSON has it; none where it does not recur; raises `NotFound`."""
        try:
            found, stand = await self._lists.read(owner, lambda tx: occurrences.of(tx, task))
        except NotFound:
            await self._lists.show_present(owner)
            raise
        await self._lists.may_show(owner, stand)
        return await asyncio.to_thread(occurrences.coming, found, limit)  # it may look for them a while

    async def create(self, owner: UserId, new: TaskCreate, key: Key | None) -> Outcome:
        """A new task, once per key; raises `StillRunning` and `KeyReused`."""
        columns = new.columns()
        return await self._once(owner, key, lambda change: created(crud.insert(change, columns)))

    async def update(
        self,
        owner: UserId,
        task: TaskId,
        changes: TaskUpdate,
        condition: Condition,
        key: Key | None,
        *,
        descendants: bool = True,
    ) -> Outcome:
        """Merge, once per key; raises `NotFound` and `PreconditionFailed`, as do the next three.

        Completing completes what is open beneath it, too, unless `descendants` are to be left.
        """
        columns = changes.columns()
        return await self._once(
            owner,
            key,
            lambda change: changed(crud.update(change, task, columns, condition=condition, descendants=descendants)),
        )

    async def complete(
        self,
        owner: UserId,
        task: TaskId,
        condition: Condition,
        key: Key | None,
        *,
        completed: bool | None,
        descendants: bool = True,
    ) -> Outcome:
        """Set `completed`, or flip it when that is None."""
        return await self._once(
            owner,
            key,
            lambda change: changed(
                crud.complete(change, task, completed=completed, condition=condition, descendants=descendants)
            ),
        )

    async def move(self, owner: UserId, task: TaskId, to: Move, condition: Condition, key: Key | None) -> Outcome:
        """Put it elsewhere in the order by hand; raises `InvalidInput` where it cannot stand."""
        return await self._once(owner, key, lambda change: changed(moves.move(change, task, to, condition=condition)))

    async def delete(self, owner: UserId, task: TaskId, condition: Condition) -> StoredTask:
        """Into the trash, with what is beneath it; what it was like there."""
        return await self._lists.write(owner, lambda change: crud.delete(change, task, condition=condition))

    async def restore(self, owner: UserId, task: TaskId, key: Key | None) -> Outcome:
        """Out of the trash, with what went there with it; raises `NotFound` when it is not in there."""
        return await self._once(owner, key, lambda change: changed(crud.restore(change, task)))

    async def empty_trash(self, owner: UserId) -> int:
        return await self._lists.write(owner, bulk.empty_trash)

    async def rename_tag(self, owner: UserId, asked: TagRename, key: Key | None) -> Outcome:
        """In all tasks, in one revision."""

        def renamed(change: Change) -> Outcome:
            tag, count = tags.rename(change, asked.name, asked.to)
            return Outcome(HTTPStatus.OK, {}, json.dumps({"tag": tag, "renamed": count}, ensure_ascii=False))

        return await self._once(owner, key, renamed, timeout=LONG_SECONDS)

    async def batch(self, owner: UserId, asked: Batch, key: Key | None) -> Outcome:
        """Apply the operations in one revision; raises `BatchFailed` when an atomic one fails, with nothing changed."""
        operations = batch.parse(asked)
        return await self._once(
            owner, key, lambda change: _batch_outcome(batch.apply(change, operations, atomic=asked.atomic), asked)
        )

    async def import_all(self, owner: UserId, batches: Batches, key: Key | None, *, told: Mapping[str, Any]) -> Outcome:
        """All of them or none; `told` is what the answer says besides how many there are."""

        def imported(change: Change) -> Outcome:
            made = bulk.insert_all(change, batches)
            return Outcome(HTTPStatus.CREATED, {}, json.dumps({"imported": made, **told}))

        return await self._once(owner, key, imported, timeout=LONG_SECONDS)

    async def part(self, owner: UserId, after: TaskId) -> tuple[TaskId, bool]:
        """Where a part of the export that begins behind `after` ends, and whether another one follows."""
        return await self._lists.read(owner, lambda transaction: bulk.part(transaction, after=after))

    async def export(
        self, owner: UserId, bounds: Mapping[str, int], *, let_go: Callable[[], None]
    ) -> AsyncGenerator[list[str]]:
        """Batches of tasks, each as JSON, those in the trash too; raises `TooBusy` when enough others export.

        `let_go` is called when it has gone on for long, and others wait.
        """
        with self._exports.place(owner, let_go=let_go):
            await self._lists.show_present(owner)
            async with aclosing(self._lists.stream(owner, bulk.EXPORT, bounds)) as batches:
                async for rows in batches:
                    yield [row[0] for row in rows]

    async def _once(
        self, owner: UserId, key: Key | None, make: Callable[[Change], Outcome], *, timeout: float | None = None
    ) -> Outcome:
        hours = self._key_hours
        return await self._lists.write(
            owner, lambda change: once(change, key, lambda: make(change), hours=hours), timeout=timeout
        )


def created(task: StoredTask) -> Outcome:
    """The answer to a POST that made a task."""
    headers = {"etag": crud.task_etag(task.id, task.revision), "location": f"/api/tasks/{task.id}"}
    return Outcome(HTTPStatus.CREATED, headers, task.json)


def changed(task: StoredTask) -> Outcome:
    """The answer to a change of one, with what has changed along."""
    body = f"{task.json[:-1]},{_descendants(task.along)}}}" if task.along else task.json
    return Outcome(HTTPStatus.OK, {"etag": crud.task_etag(task.id, task.revision)}, body)


def _descendants(along: Sequence[str]) -> str:
    return f'"descendants":[{",".join(along)}]'


def _batch_outcome(results: Sequence[batch.Result], asked: Batch) -> Outcome:
    parts = ",".join(_part(result) for result in results)
    return Outcome(HTTPStatus.OK, {}, f'{{"atomic":{json.dumps(asked.atomic)},"results":[{parts}]}}')


def _part(result: batch.Result) -> str:
    """One operation's status with its task (which is JSON already) or its problem."""
    if isinstance(result, TasklaneError):
        problem = problem_of(result)
        return json.dumps({"status": problem.status.value, "problem": problem.document})
    members = [f'"status":{result.status.value}']
    along = result.along
    if task := result.task:
        members += [f'"etag":{json.dumps(crud.task_etag(task.id, task.revision))}', f'"task":{task.json}']
        along = task.along
    if along:
        members.append(_descendants(along))
    return f"{{{','.join(members)}}}"
