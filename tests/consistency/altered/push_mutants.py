"""Wrong ways to tell what changes; `mutants` says why each must not be, and which fault it needs."""

import asyncio
import os
import sys
from types import ModuleType
from typing import Any

from api.push.hub import Hub
from api.push.stream import Stream
from core.cache import scripts
from core.cache.fence import Fence
from core.cache.hints import Hints
from core.tasks.sync import changes
from core.types import Stand, UserId
from tests.steps import outside

WINDOW_SECONDS = 0.02
"""For so long a stream that looked too early hears nothing."""


def publish_before_commit() -> None:
    """And not after it."""
    _silence_the_worker()
    raise_to = Fence.raise_to

    async def early(self: Fence, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        return await raise_to(self, owner, stand, committed=not committed)

    Fence.raise_to = early  # type: ignore[method-assign]


def _silence_the_worker() -> None:
    """Else it would tell within a period what nobody was told."""
    if "worker.main" in sys.argv:
        scripts.RAISE = replaced(scripts.RAISE, "redis.pcall('PUBLISH', ARGV[5], ARGV[1])", "")


def no_look_after_the_subscription() -> None:
    """The list is read first, and listened for then."""
    _silence_the_worker()
    listen, begin = Hints.listen, Stream.begin

    async def not_yet(_self: Hints, _owner: UserId) -> bool:
        return True

    async def read_first(self: Stream) -> bytes:
        first = await begin(self)
        await asyncio.sleep(WINDOW_SECONDS)
        hints: Any = vars(self._source)["_hints"]
        await listen(hints, self.owner)
        return first

    Hints.listen = not_yet  # type: ignore[method-assign,assignment]
    Stream.begin = read_first  # type: ignore[method-assign]


def no_look_after_a_loss() -> None:
    """Hints are believed: who has missed one is not told."""

    def trust(_self: Hub) -> None:
        pass

    async def rest(_self: Hub) -> None:
        await asyncio.Event().wait()

    Hub.look_again = trust  # type: ignore[method-assign,assignment]
    Hub._keep_looking = rest  # type: ignore[method-assign,assignment]


def horizon_not_noted() -> None:
    """The function and the triggers do it, so what forgets it is the table."""
    with outside(os.environ["DATABASE_URL"]) as cursor:
        cursor.execute(
            "SELECT pg_advisory_lock(1); CREATE OR REPLACE FUNCTION forget_horizon() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN NEW.horizon := OLD.horizon; RETURN NEW; END'; CREATE OR REPLACE TRIGGER forget_horizon"
            " BEFORE UPDATE ON task_lists FOR EACH ROW EXECUTE FUNCTION forget_horizon()"
        )


def page_order_broken() -> None:
    put(changes, "_PAGE", replaced(changes._PAGE, "ORDER BY revision, id LIMIT", "ORDER BY id LIMIT"))


def told_twice() -> None:
    """Every fifth event is sent again."""
    real = Stream.next

    async def repeat(self: Stream) -> bytes:
        event = await real(self)
        return event * 2 if self.events % 5 == 0 and event.startswith(b"event: changes") else event

    Stream.next = repeat  # type: ignore[method-assign]


def replaced(text: Any, part: str, by: str) -> Any:
    """`text` with another part."""
    assert part in text, f"this has changed: {part}"
    return text.replace(part, by)


def put(module: ModuleType, name: str, value: Any) -> None:
    """Another value in its place, which must be there: a mutant that changes nothing is never found."""
    assert name in vars(module), f"{module.__name__} has no {name} any more"
    vars(module)[name] = value
