"""What a process knows of a personal token: when it asks the database, and when Redis speaks for it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar, cast

import pytest

from api.auth import Authenticator, Principal
from api.auth.personal import PersonalTokens, judge, memo
from api.auth.tokens import personal
from api.push import bearers
from core.access import form, rows
from core.cache.answer import Answer, Opened
from core.cache.fence import Fence
from core.cache.keys import question
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable, InvalidToken
from core.lists.lists import AS_USER, Lists
from core.types import TokenId, UserId
from tests import steps
from tests.stack import Stack, new_user
from tests.steps import Gate
from tests.tokens import SECRET, Clock, auth_settings, bearer, shared_secret_token

pytestmark = pytest.mark.anyio

T = TypeVar("T")


class CountedLists(Lists):
    """Counts the looks for tokens."""

    looks = 0

    async def read(self, owner: UserId, query: Callable[[Transaction], T]) -> T:
        self.looks += owner in (rows.NOBODY, rows.BEARERS)
        return await super().read(owner, query)


class HeldBeforeFill(Fence):
    """Held between a look at the database and what Redis is told of it."""

    gate: Gate | None = None

    async def fill(self, opened: Opened, variant: str, answer: Answer) -> bool:
        if self.gate:
            await self.gate.arrive()
        return await super().fill(opened, variant, answer)


@dataclass(slots=True)
class Here:
    """A process's knowledge, in this one."""

    process: steps.Process
    lists: CountedLists
    tokens: PersonalTokens
    clock: Clock
    user: UserId
    ids: dict[bytes, TokenId] = field(default_factory=dict)

    async def make(self, expires_in: float | None = None) -> bytes:
        token = form.new().encode()
        expires_at = None if expires_in is None else datetime.fromtimestamp(self.clock() + expires_in, UTC)
        insert = partial(rows.insert, digest=form.digest(token), name="x", scopes=["tasks:read"], expires_at=expires_at)
        self.ids[token] = (await self.lists.write(self.user, insert))["id"]
        return token

    async def revoke(self, token: bytes) -> None:
        await self.lists.write(self.user, lambda change: rows.revoke(change, self.ids[token]))

    async def is_hit(self, principal: Principal) -> bool:
        """Whether a hit would be the principal's now."""
        asked = question(self.user, b"lease", b"fence")
        lease, fence = await self.process.fence.look(self.user, asked)
        return principal.is_good_under(lease or b"", fence or b"")


@asynccontextmanager
async def here(stack: Stack, fence_class: type[Fence] = Fence, **settings: str) -> AsyncIterator[Here]:
    async with steps.process(stack.settings(**settings), fence_class) as process:
        lists = CountedLists(process.lists._database, process.fence, AS_USER)
        clock = Clock()
        yield Here(process, lists, PersonalTokens(lists, process.fence, clock=clock), clock, new_user())


@pytest.fixture
def _never_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test sees what holds when that time is over."""
    monkeypatch.setattr(judge, "FRESH_SECONDS", 0)


@pytest.fixture
def _always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "FRESH_SECONDS", 10_000)


def test_the_times_add_up_to_less_than_a_second() -> None:
    """What a process believes without asking, and what a stream lives between two looks."""
    assert memo.FRESH_SECONDS < 1
    assert bearers.PAUSE_SECONDS + judge.LOOK_SECONDS < 1


@pytest.mark.usefixtures("_never_fresh")
async def test_redis_speaks_for_a_token_until_its_owners_list_changes(stack: Stack) -> None:
    """Two looks at the database, and no further one until then; the same after each change."""
    async with here(stack) as process:
        token = await process.make()
        for change in range(1, 4):
            for _ in range(10):
                assert (await process.tokens.judge(token)).user_id == process.user
            assert process.lists.looks == 1 + change
            await process.process.add_task(process.user, "a task")


@pytest.mark.usefixtures("_never_fresh")
async def test_a_revoked_token_is_refused_at_once_when_nothing_is_believed(stack: Stack) -> None:
    """In the process that revokes and in another; the other tokens of the user go on."""
    async with here(stack) as ours, here(stack) as theirs:
        token, other = await ours.make(), await ours.make()
        for _ in range(3):
            for process in (ours, theirs):
                principal = await process.tokens.judge(token)
        assert await ours.is_hit(principal)
        await ours.revoke(token)
        assert not await ours.is_hit(principal)
        for process in (ours, theirs):
            with pytest.raises(InvalidToken):
                await process.tokens.judge(token)
            assert process.tokens.remembered(token, now=process.clock()) is None
            assert (await process.tokens.judge(other)).user_id == ours.user


@pytest.mark.usefixtures("_always_fresh")
async def test_a_hit_proves_a_token_even_where_it_is_believed(stack: Stack) -> None:
    """What is believed for a moment is not believed where hits are made: they see a revocation at once."""
    async with here(stack) as process:
        token = await process.make()
        principal = await warranted(process, token)
        assert await process.is_hit(principal)
        await process.revoke(token)
        assert not await process.is_hit(principal)


async def warranted(process: Here, token: bytes) -> Principal:
    """A principal for whom Redis speaks."""
    await process.tokens._look([token])
    await process.tokens._look([token])
    principal = process.tokens.remembered(token, now=process.clock())
    assert principal is not None
    return principal


async def test_a_token_that_is_revoked_while_it_is_looked_for_gets_no_warrant(stack: Stack) -> None:
    """Found, then revoked, and only then told to Redis: what the look has seen is older than the fence."""
    async with here(stack, HeldBeforeFill) as process:
        token = await process.make()
        await process.tokens._look([token])
        held = cast(HeldBeforeFill, process.process.fence)
        held.gate = Gate()
        looking = asyncio.create_task(process.tokens._look([token]))
        await held.gate.arrival()
        await process.revoke(token)
        held.gate.open()
        await looking
        principal = process.tokens.remembered(token, now=process.clock())
        assert principal is None or not await process.is_hit(principal)


async def test_a_wiped_redis_speaks_for_nobody(own_stack: Stack) -> None:
    """Nor does another one, nor one that knows another history: the lease is another."""
    async with here(own_stack) as process:
        token = await process.make()
        principal = await warranted(process, token)
        assert await process.is_hit(principal)
        await steps.wipe(process.process.redis)
        await process.process.list_tasks(process.user)
        assert not await process.is_hit(principal)


@pytest.mark.usefixtures("_never_fresh")
async def test_without_redis_the_database_is_asked_each_time(own_stack: Stack) -> None:
    """And a revoked token is refused at once; without the database as well nobody is let in."""
    async with here(own_stack, REDIS_TIMEOUT="0.5", DATABASE_TIMEOUT="5", CACHE_TTL="10") as process:
        token, other = await process.make(), await process.make()
        for one in (token, other):
            await warranted(process, one)
        await asyncio.to_thread(own_stack.redis.stop)
        await steps.until(lambda: not process.process.redis.up)
        looks = process.lists.looks
        for _ in range(3):
            await process.tokens.judge(token)
        assert process.lists.looks == looks + 3
        await process.revoke(token)
        with pytest.raises(InvalidToken):
            await process.tokens.judge(token)
        await process.tokens.judge(other)
        await asyncio.to_thread(own_stack.postgres.stop)
        with pytest.raises(DatabaseUnavailable):
            await process.tokens.judge(other)


async def test_it_ends_exactly_when_it_was_said(stack: Stack) -> None:
    """Neither a moment sooner nor later, however it is looked at; no leeway."""
    async with here(stack) as process:
        token = await process.make(expires_in=100)
        await warranted(process, token)
        process.clock.advance(99.999)
        await process.tokens.judge(token)
        assert process.tokens.remembered(token, now=process.clock())
        process.clock.advance(0.001)
        assert process.tokens.remembered(token, now=process.clock()) is None
        with pytest.raises(InvalidToken) as refused:
            await process.tokens.judge(token)
        assert refused.value.reason == "expired"


async def test_with_a_new_hour_its_use_is_noted_anew(stack: Stack) -> None:
    """One look at the database in the hour, though nothing else asks for one."""
    async with here(stack) as process:
        token = await process.make()
        await warranted(process, token)
        process.clock.advance(memo.end_of_hour(process.clock()) - process.clock() - 1)
        looks = process.lists.looks
        await process.tokens.judge(token)
        assert process.tokens.remembered(token, now=process.clock())
        with steps.outside(stack.database_url) as database:
            database.execute(
                "UPDATE access_tokens SET last_used_at = '2026-01-01T00:00Z' WHERE id = %s", (process.ids[token],)
            )
            process.clock.advance(1)
            assert process.tokens.remembered(token, now=process.clock()) is None
            for _ in range(3):
                await process.tokens.judge(token)
            database.execute(
                "SELECT last_used_at = date_trunc('hour', now()) FROM access_tokens WHERE id = %s",
                (process.ids[token],),
            )
            assert database.fetchall() == [(True,)]
        assert process.lists.looks == looks + 1
        assert process.tokens.remembered(token, now=process.clock())


async def test_a_token_that_there_is_not_costs_one_look(stack: Stack) -> None:
    """However often it comes; one that is mistyped costs none."""
    async with here(stack) as process:
        token = form.new().encode()
        for wrong, looks in ((token, 1), (token[:-1] + (b"a" if token[-1:] != b"a" else b"b"), 1)):
            for _ in range(5):
                with pytest.raises(InvalidToken):
                    await process.tokens.judge(wrong)
            assert process.lists.looks == looks


async def test_an_expired_token_costs_one_look(stack: Stack) -> None:
    """As one that there is not, however often it comes; after a minute another one, should it have been prolonged."""
    async with here(stack) as process:
        token = await process.make(expires_in=100)
        await process.tokens.judge(token)
        process.clock.advance(100)
        looks = process.lists.looks
        for _ in range(5):
            with pytest.raises(InvalidToken):
                await process.tokens.judge(token)
        assert process.lists.looks == looks
        known = process.tokens._known.get(token)
        assert known is not None
        known.seen_at -= memo.UNKNOWN_SECONDS
        for _ in range(5):
            with pytest.raises(InvalidToken):
                await process.tokens.judge(token)
        assert process.lists.looks == looks + 1


async def test_guesses_keep_no_known_token_waiting(stack: Stack) -> None:
    """Whoever comes with tokens that nobody knows has a share of the connections, and no part of the others' one."""
    async with here(stack, DATABASE_TIMEOUT="5") as process:
        token, guess = await process.make(), form.new().encode()
        await warranted(process, token)
        slots = process.lists._database._slots
        for _ in range(slots._share):
            await slots.take(0, rows.NOBODY)
        guessing = asyncio.create_task(process.tokens.judge(guess))
        try:
            [known] = await process.tokens._look([token])
            assert known is not None
            assert not guessing.done()
        finally:
            for _ in range(slots._share):
                slots.give(rows.NOBODY)
            [outcome] = await asyncio.gather(guessing, return_exceptions=True)
        assert isinstance(outcome, InvalidToken)


def test_all_tokens_of_a_user_are_remembered() -> None:
    """As many as one may have: they do not push each other out."""
    known = memo.KnownTokens()
    for owner in (new_user(), new_user()):
        tokens = [form.new().encode() for _ in range(rows.MOST)]
        for token in tokens:
            known.put(token, memo.Known(Principal(owner, float("inf"), token=token), None, 0, float("inf")))
        assert all(known.recall(token, now=0) for token in tokens)


async def test_those_who_ask_at_once_share_a_look(stack: Stack) -> None:
    """Also where the first of them leaves."""
    async with here(stack) as process:
        token = await process.make()
        asking = [asyncio.create_task(process.tokens.judge(token)) for _ in range(20)]
        await asyncio.sleep(0)
        asking[0].cancel()
        found = await asyncio.gather(*asking[1:])
        assert {principal.user_id for principal in found} == {process.user}
        assert process.lists.looks == 2  # one that is new is looked for twice


async def test_the_memory_of_unknown_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of them are remembered, for a minute."""
    monkeypatch.setattr(memo, "UNKNOWN_ENTRIES", 3)
    clock = Clock()
    unknown = memo.UnknownTokens(clock)
    for number in range(10):
        unknown.add(b"%d" % number)
    assert [number for number in range(10) if b"%d" % number in unknown] == [7, 8, 9]
    clock.advance(memo.UNKNOWN_SECONDS)
    assert b"9" not in unknown


async def test_many_are_looked_for_in_few_messages(stack: Stack) -> None:
    """Each gets what is its own, in whatever order; those that are gone and those that never were stand between."""
    async with here(stack) as ours, here(stack) as theirs:
        tokens = [await process.make() for process in (ours, theirs) * 5]
        await ours.revoke(tokens[2])
        asked = [*tokens, form.new().encode()]
        found = await ours.tokens._look(asked)
        owners = [known and known.principal.user_id for known in found]
        expected = [ours.user, theirs.user] * 5
        assert owners == [*expected[:2], None, *expected[3:], None]
        assert ours.lists.looks == 1


@pytest.mark.usefixtures("_never_fresh")
async def test_basic_is_a_personal_token_by_any_name(stack: Stack) -> None:
    """For calendars: a token of the auth server is no password, and `Bearer` no Basic."""
    async with here(stack) as process:
        token = await process.make()
        authenticator = Authenticator.from_settings(auth_settings(secret=SECRET), personal=process.tokens)
        for name in (b"alice", b"", b"alice@example.com", "zoë".encode()):
            principal = await authenticator.authenticate_basic(basic(name, token))
            assert principal.user_id == process.user
        session = shared_secret_token(process.user).encode()
        wrong = [
            None,
            b"Basic",
            b"Basic !",
            b"Basic YQ",
            basic(b"alice", b""),
            basic(b"alice", session),
            basic(token, b"x"),
            b"Basic " + b64encode(token),
            basic(b"x" * 2000, token),
            bearer(token.decode()),
        ]
        for authorization in wrong:
            with pytest.raises(InvalidToken):
                await authenticator.authenticate_basic(authorization)
        with pytest.raises(InvalidToken):
            await authenticator.authenticate(basic(b"alice", token))
        await process.revoke(token)
        with pytest.raises(InvalidToken):
            await authenticator.authenticate_basic(basic(b"alice", token))


def basic(name: bytes, password: bytes) -> bytes:
    return b"Basic " + b64encode(name + b":" + password)


def test_what_begins_as_a_personal_token_is_judged_as_one() -> None:
    """A token of an auth server never does."""
    assert personal(b"Bearer tl_x") == b"tl_x"
    assert personal(b" bEARER   tl_x ") == b"tl_x"
    for other in (b"Bearer eyJ.a.b", b"Basic tl_x", b"Bearer tl_x y", b"tl_x", b"Bearer TL_x"):
        assert personal(other) is None
