"""Wrong protocols, built into a running service from outside: each must be found by the checker, or it checks nothing.

The names are those of the model's mutants where it has the same. Its `raise-after-commit` is not among them: who reads
the new state through the cache moves the fence by storing it, so that in the running service the harm takes a write
whose process dies, and readers who never ask Redis. The model finds it at once.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import psycopg2

from api.hits.hot_path import HotPath
from api.hits.kept import Kept
from core.cache import answer, keys, scripts
from core.cache.answer import Answer
from core.cache.fence import Fence
from core.cache.servers.redis import Redis
from core.database import driver
from core.database.transaction import Transaction
from core.errors import OutcomeUnknown
from core.lists import lists
from core.lists.announcements import Announcements
from core.tasks import answers
from core.tasks.sync import changes
from core.tasks.sync.token import Token
from core.types import History, Stand, UserId
from tests.consistency.altered import push_mutants
from tests.consistency.altered.push_mutants import put, replaced
from tests.steps import outside

Announcement = Coroutine[Any, Any, bool]


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is done wrong, and why that must not be."""

    name: str
    why: str
    apply: Callable[[], None]
    needs: str = ""
    """The fault under which it does harm, by its name in `deck`; none: it does so in fine weather."""

    worker: bool = False
    """The worker does it, too; else it would repair the harm."""
    streams: bool = False
    """It harms mirrors: more of them follow, come and go, and tasks are erased and changed by hand."""

    @property
    def loses_redis(self) -> bool:
        """Whether processes have to connect again before it does harm."""
        return self.needs.startswith(("redis wire", "redis promoted"))


def _no_raise() -> None:
    async def raise_to(self: Fence, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        return True

    Fence.raise_to = raise_to  # type: ignore[method-assign]


def _no_confirmation() -> None:
    """The raise by which the transaction waits remains; the one after it is left out."""
    before_commit = ContextVar("before_commit", default=False)
    real = Fence.raise_to

    async def raise_to(self: Fence, owner: UserId, stand: Stand, *, committed: bool = False) -> bool:
        return await real(self, owner, stand, committed=committed) if before_commit.get() else True

    def announce(announcement: Announcement) -> None:
        token = before_commit.set(True)
        try:
            driver.wait_for(announcement)
        finally:
            before_commit.reset(token)

    Fence.raise_to = raise_to  # type: ignore[method-assign]
    _announce_by(announce)


def _announce_by(announce: Callable[[Announcement], None]) -> None:
    """How `Lists.write`, and nothing else, has a revision announced before COMMIT."""
    assert inspect.getsource(lists).count("driver.") == 1, "lists.py has changed: this mutant would do something else"
    put(lists, "driver", SimpleNamespace(wait_for=announce))


def _query_in_two_statements() -> None:
    ask = lists.Lists.read

    async def read(self: lists.Lists, owner: UserId, query: Callable[[Transaction], Any]) -> Any:
        found = await ask(self, owner, query)
        if not isinstance(found, Answer):
            return found
        await asyncio.sleep(0.005)
        newer = await ask(self, owner, query)
        return Answer(owner, newer.revision, found.etag, found.headers, found.body, found.until)

    lists.Lists.read = read  # type: ignore[method-assign]


def _fill_without_the_fence() -> None:
    scripts.FILL = replaced(
        replaced(scripts.FILL, "if fence and revision < fence then return 0 end", ""),
        "revision > fence",
        "revision ~= fence",
    )


def _fill_without_the_lease() -> None:
    scripts.FILL = replaced(scripts.FILL, "if lease ~= ARGV[1] then return 0 end", "")


def _kept_without_the_fence() -> None:
    def is_hit(self: Kept, lease: bytes | None, fence: bytes | None) -> bool:
        return lease == self.lease

    Kept.is_hit = is_hit  # type: ignore[method-assign]


def _forgets_the_owner() -> None:
    """One hash for all users, and nobody looks whose answer it is."""
    keys.user_key = lambda _owner, name: f"tasklane:{{everyone}}:{name}"  # type: ignore[assignment]
    real = answer.as_hit

    def as_hit(value: bytes, fence_: bytes, owner: UserId) -> Any:
        return real(value, fence_, Answer.decode(value).owner)

    HotPath._hit.__globals__["as_hit"] = as_hit


def _loses_writes() -> None:
    commit = Transaction.commit
    count = 0

    def lose(self: Transaction) -> None:
        nonlocal count
        count += 1
        if count % 50:
            commit(self)
        else:
            self.rollback()

    Transaction.commit = lose  # type: ignore[method-assign]


def _repeats_commits() -> None:
    commit = Transaction.commit

    def doubt(self: Transaction) -> None:
        try:
            commit(self)
        except OutcomeUnknown as error:
            raise psycopg2.OperationalError("as if nothing had been sent") from error

    Transaction.commit = doubt  # type: ignore[method-assign]


def _stats_from_memory() -> None:
    """The statistics are kept in the process for a second, as if that did no harm."""
    make = answers.make
    kept: dict[UserId, Answer] = {}

    def remember(transaction: Transaction, owner: UserId, query: Any, *, shape: answers.Shape) -> Answer:
        made = make(transaction, owner, query, shape=shape)
        if type(query).__name__ != "StatsQuery":
            return made
        before = kept.setdefault(owner, made)
        if made.revision > before.revision + 3:
            kept[owner] = made
        return Answer(owner, made.revision, before.etag, before.headers, before.body, before.until)

    answers.make = remember


def _revisions_by_one() -> None:
    """As before they were times. The function is the database's; one process after another replaces it there."""
    with outside(os.environ["DATABASE_URL"]) as cursor:
        cursor.execute(
            "SELECT pg_advisory_lock(1); CREATE OR REPLACE FUNCTION tasklane_next(previous bigint) RETURNS bigint"
            " LANGUAGE sql VOLATILE AS 'SELECT previous + 1'"
        )


def _histories_ignored() -> None:
    async def keep_up_with(self: Redis, history: History) -> None:
        pass

    Redis.keep_up_with = keep_up_with  # type: ignore[method-assign]


def _generation_taken_as_it_is() -> None:
    scripts.GENERATION = replaced(scripts.GENERATION, "id and server == ARGV[1] and ARGV[4] == '0'", "id")


def _acknowledges_without_waiting() -> None:
    async def acknowledge(self: Announcements, owner: UserId, stand: Stand, *, deadline: float) -> None:
        await self._fence.raise_to(owner, stand)

    Announcements.acknowledge = acknowledge  # type: ignore[method-assign]


def _shows_without_waiting() -> None:
    async def show(self: Announcements, owner: UserId, stand: Stand, *, deadline: float) -> None:
        pass

    Announcements.show = show  # type: ignore[method-assign]


def _changes_without_tombstones_between() -> None:
    """A first synchronisation tells only what is there."""
    real = changes.beginning

    def beginning(since: Token | None) -> dict[str, Any]:
        return real(since) | ({"floor": changes._ALL_REVISIONS} if since and since.place else {})

    put(changes, "beginning", beginning)


def _changes_of_any_history() -> None:
    put(changes, "survives", lambda _token, _histories: True)


def _changes_of_one_history() -> None:
    """A token is bound to something that changes now and then, as a server's start does."""
    put(changes, "last_history", lambda _histories: History(int(time.time() / 4)))
    put(changes, "survives", lambda token, _histories: token.history == int(time.time() / 4))


def _changes_behind_the_place() -> None:
    put(changes, "_PAGE", replaced(changes._PAGE, "> (%(revision)s, ", "> (%(revision)s + 1, "))


MUTANTS = (
    Mutant("no-raise", "what is cached stays a hit until the worker comes", _no_raise),
    Mutant("query-in-two-statements", "old rows are stored with the new revision", _query_in_two_statements),
    Mutant("fill-without-the-fence", "what was read before a raise is stored after it", _fill_without_the_fence),
    Mutant("kept-without-the-fence", "a process serves what it has kept, whatever Redis says", _kept_without_the_fence),
    Mutant("forgets-the-owner", "what one user was shown another user is shown", _forgets_the_owner),
    Mutant("loses-writes", "every fiftieth write is acknowledged and not made", _loses_writes),
    Mutant("stats-from-memory", "one variant is cached beside the protocol", _stats_from_memory),
    Mutant(
        "changes-without-tombstones-between",
        "what is deleted between two pages stays in a mirror",
        _changes_without_tombstones_between,
    ),
    Mutant("changes-behind-the-place", "the last page's revision is left out by the next", _changes_behind_the_place),
    Mutant("changes-of-one-history", "a mirror begins anew although nothing was lost", _changes_of_one_history),
    Mutant(
        "changes-of-any-history",
        "what a mirror has seen of a lost tail stays in it",
        _changes_of_any_history,
        "postgres failover",
    ),
    Mutant(
        "publish-before-commit",
        "who is told looks too early, and is not told again",
        push_mutants.publish_before_commit,
        worker=True,
        streams=True,
    ),
    Mutant(
        "no-look-after-the-subscription",
        "what was written between asking and listening is told to nobody",
        push_mutants.no_look_after_the_subscription,
        worker=True,
        streams=True,
    ),
    Mutant(
        "no-look-after-a-loss",
        "hints that nobody has heard are believed not to have been",
        push_mutants.no_look_after_a_loss,
        "redis wire cut",
        streams=True,
    ),
    Mutant("told-twice", "an event is sent again", push_mutants.told_twice, streams=True),
    Mutant(
        "page-order-broken",
        "a page has not the order of its token, so that others follow that it was to have",
        push_mutants.page_order_broken,
        streams=True,
    ),
    Mutant(
        "horizon-not-noted",
        "what was erased stays in mirrors that did not know that it was deleted",
        push_mutants.horizon_not_noted,
        streams=True,
    ),
    Mutant("repeats-commits", "a write whose outcome is unknown is made again", _repeats_commits, "commit cut after"),
    Mutant(
        "no-confirmation", "a wipe between raise and COMMIT forgets the raise", _no_confirmation, "commit held, wiped"
    ),
    Mutant(
        "fill-without-the-lease",
        "a fill from before a wipe passes for one after it",
        _fill_without_the_lease,
        "fill held, wiped",
    ),
    Mutant("revisions-by-one", "a lost revision is given again", _revisions_by_one, "postgres failover"),
    Mutant("histories-ignored", "what was lost stays a hit", _histories_ignored, "postgres failover", worker=True),
    Mutant(
        "generation-as-it-is",
        "a replica that missed raises passes for its primary",
        _generation_taken_as_it_is,
        "redis promoted, worker away",
    ),
    Mutant(
        "acknowledges-without-waiting",
        "a process that alone has lost Redis acknowledges what the others do not show",
        _acknowledges_without_waiting,
        "redis wire cut",
    ),
    Mutant(
        "shows-without-waiting",
        "a read past the cache shows what the others do not show",
        _shows_without_waiting,
        "redis wire cut",
    ),
)

UNCHANGED = tuple(
    Mutant("", "nothing", lambda: None, needs, streams=streams)
    for needs, streams in dict.fromkeys((mutant.needs, mutant.streams) for mutant in MUTANTS)
)
"""The product as it is, under each fault that a mutant needs, and with its streams: in it nothing may be found."""
