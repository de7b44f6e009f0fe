"""Where methods find what they tell: in the cache, or in the database; then it was announced before it is shown."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from hashlib import blake2b
from typing import TypeVar

from api.hits.reads import CachedReads
from api.tasks.service import Tasks
from core.cache.answer import Answer
from core.calendars import reads, sync, writes
from core.calendars.reads import Resource
from core.calendars.sync import SyncPage
from core.calendars.writes import ConditionOf, Put, Todo
from core.database.transaction import Transaction
from core.errors import NotFound, Resynchronise
from core.lists.lists import Lists
from core.tasks import answers
from core.tasks.fields import REPRESENTATION
from core.tasks.questions.queries import ChangesQuery, StandQuery
from core.tasks.sync.token import Token
from core.types import Stand, TaskId, UserId

T = TypeVar("T")

UNTAGGED = '""'
"""Of an answer that nobody asks for on condition; what is stored has a tag."""
MOST_LISTED = 1000
"""Resources in an answer that is cached as a whole."""


class Source:
    """Of all users; every method is for one of them."""

    def __init__(self, lists: Lists, tasks: Tasks, reads: CachedReads) -> None:
        self._lists = lists
        self._reads = reads
        self._tasks = tasks

    async def stand(self, owner: UserId) -> str:
        """The token of whoever has seen the whole list."""
        answer, _ = await self._tasks.read(owner, StandQuery())
        return answer.body.decode()

    async def resource(self, owner: UserId, name: str, *, whole: bool = False) -> Resource:
        """Raises `NotFound`."""
        found = await self.named(owner, [name], whole=whole)
        if name not in found:
            raise NotFound
        return found[name]

    async def named(self, owner: UserId, names: list[str], *, whole: bool = False) -> dict[str, Resource]:
        """Those that are there."""
        return await self._read(owner, lambda transaction: reads.named(transaction, names, whole=whole))

    async def put(self, owner: UserId, name: str, todo: Todo, condition_of: ConditionOf, *, only_update: bool) -> Put:
        """Raises `PreconditionFailed`, `UidConflict` and `TooManyTasks`."""
        return await self._lists.write(
            owner, lambda change: writes.put(change, name, todo, condition_of, only_update=only_update)
        )

    async def delete(self, owner: UserId, name: str, condition_of: ConditionOf) -> None:
        """Raises `NotFound` and `PreconditionFailed`."""
        await self._lists.write(owner, lambda change: writes.delete(change, name, condition_of))

    async def listing(self, owner: UserId, asked: str, render: Callable[[list[Resource]], bytes]) -> bytes | None:
        """The whole collection without files, as `render` tells it; from the cache while nothing changes.

        `asked` tells the question from others. None where there are too many for one answer.
        """

        async def make() -> Answer:
            stand, page = await self._lists.read(
                owner, lambda transaction: reads.page(transaction, after=TaskId(0), limit=MOST_LISTED + 1)
            )
            body = render(page) if len(page) <= MOST_LISTED else b""
            return Answer(owner, stand.revision, UNTAGGED, (), body, history=stand.history)

        digest = blake2b(asked.encode(), digest_size=16).hexdigest()
        answer, _ = await self._reads.answer(owner, f"{REPRESENTATION}/listing/{digest}", make)
        return answer.body or None

    async def pages(self, owner: UserId, *, whole: bool = False) -> AsyncGenerator[list[Resource]]:
        """All of them, in pages of which each is of one moment; what is there all the while is in one of them."""
        after = TaskId(0)
        while True:
            page = await self._page(owner, after, whole=whole)
            yield page
            if len(page) < reads.size_of_page(whole=whole):
                return
            after = page[-1].id

    async def sync(
        self,
        owner: UserId,
        since: Token | None,
        asked: str,
        render: Callable[[SyncPage], Awaitable[bytes]],
        *,
        nothing_new: bytes,
        limit: int,
        whole: bool,
    ) -> bytes:
        """A page of what has changed, as `render` writes it; raises `Resynchronise`.

        `asked` tells the question from others about the same page. `nothing_new` is the answer while the list stands
        where the token says, which Redis can tell.
        """

        async def make() -> Answer:
            page = await self._lists.read(
                owner, lambda transaction: sync.page(transaction, owner, since, limit=limit, whole=whole)
            )
            stand, body = page.stand, await render(page)
            return Answer(owner, stand.revision, UNTAGGED, (), body, history=stand.history, stored=False)

        unchanged = answers.unchanged(owner, ChangesQuery(since))
        if unchanged is not None:
            unchanged = replace(unchanged, body=nothing_new)
        try:
            answer, _ = await self._reads.answer(owner, f"/sync/{asked}", make, unchanged=unchanged)
        except Resynchronise:
            await self._lists.show_present(owner)
            raise
        return answer.body

    async def _page(self, owner: UserId, after: TaskId, *, whole: bool) -> list[Resource]:
        return await self._read(owner, lambda transaction: reads.page(transaction, after=after, whole=whole))

    async def _read(self, owner: UserId, query: Callable[[Transaction], tuple[Stand, T]]) -> T:
        stand, found = await self._lists.read(owner, query)
        await self._lists.show(owner, stand)
        return found
