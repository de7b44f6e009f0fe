"""Each row of the cache protocol's table on a real Redis: read, open, fill, raise."""

import asyncio
from dataclasses import replace

import pytest

from core.cache.answer import Answer
from core.cache.fence import Fence
from core.cache.keys import MAX_VALUE_BYTES, MAX_VARIANTS, MOST_FIELDS, SHARE_BYTES, field, key
from core.cache.servers.redis import Redis
from core.errors import RedisUnavailable
from core.types import History, Revision, UserId
from tests import steps

pytestmark = pytest.mark.anyio


def answer(owner: UserId, revision: int, body: bytes = b"[]", until: float | None = None) -> Answer:
    return Answer(owner, Revision(revision), '"e"', (("x-total-count", "0"),), body, until)


async def fill(fence: Fence, owner: UserId, revision: int, variant: str = "/a") -> bool:
    return await fence.fill(await fence.open(owner), variant, answer(owner, revision))


class TestRead:
    async def test_what_was_filled_comes_back_whole(self, fence: Fence, user: UserId) -> None:
        """A hit is the very answer that was stored: headers, ETag and body, whatever bytes it holds."""
        stored = answer(user, 3, body=bytes(range(256)) + b"\n\n")
        await fence.fill(await fence.open(user), "/a", stored)
        assert await fence.read(user, "/a") == stored

    async def test_nothing_is_no_hit(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """Neither a user nor a variant that is not there; and reading makes nothing."""
        assert await fence.read(user, "/a") is None
        assert await redis.call("EXISTS", key(user)) == 0
        await fill(fence, user, 1)
        assert await fence.read(user, "/b") is None

    @pytest.mark.parametrize("announced", [2, 4])
    async def test_only_the_revision_of_the_fence_is_a_hit(
        self, fence: Fence, redis: Redis, user: UserId, announced: int
    ) -> None:
        """A value beside another fence does not count, however it came to be there."""
        await fill(fence, user, 3)
        await redis.call("HSET", key(user), "fence", announced)
        assert await fence.read(user, "/a") is None

    async def test_another_users_value_is_no_hit(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """The answer names its owner, so that a value under the wrong key is never shown."""
        await fill(fence, user, 1)
        stranger = UserId(f"{user}-stranger")
        await redis.call("HSET", key(stranger), *[x for item in (await _items(redis, user)).items() for x in item])
        assert await fence.read(stranger, "/a") is None

    @pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"not json\n[]", b"[]\n", b"{}\n", b"7\n", b'["x", "1"]\n'])
    async def test_what_is_not_ours_is_no_hit(self, fence: Fence, redis: Redis, user: UserId, value: bytes) -> None:
        """A value that cannot be read is a miss, not an error."""
        await fill(fence, user, 1)
        await redis.call("HSET", key(user), field("/a"), value)
        assert await fence.read(user, "/a") is None

    async def test_a_fence_that_is_no_number_is_no_hit(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """As is one that cannot be read; the next write puts it right."""
        await fill(fence, user, 1)
        await redis.call("HSET", key(user), "fence", "?")
        assert await fence.read(user, "/a") is None
        assert await fence.raise_to(user, steps.at(2))
        assert await fill(fence, user, 2)
        assert await fence.read(user, "/a") == answer(user, 2)

    async def test_an_answer_that_time_has_overtaken_is_no_hit(self, fence: Fence, user: UserId) -> None:
        """An answer that says until when it is true is not served from then on."""
        opened = await fence.open(user)
        await fence.fill(opened, "/past", answer(user, 1, until=1.0))
        await fence.fill(opened, "/future", answer(user, 1, until=9e9))
        assert await fence.read(user, "/past") is None
        assert await fence.read(user, "/future") is not None


class TestOpen:
    async def test_open_makes_what_is_absent(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """A fence at 0, a lease, and a TTL: an entry that nobody uses goes away."""
        opened = await fence.open(user)
        assert opened.fence == 0
        assert await _items(redis, user) == {b"fence": b"0", b"lease": opened.lease}
        assert 250 < await redis.call("TTL", key(user)) <= 330

    async def test_open_keeps_what_is_there(self, fence: Fence, user: UserId) -> None:
        """Everyone who opens the same hash gets the same lease, and the fence as it is."""
        first = await fence.open(user)
        await fence.raise_to(user, steps.at(5))
        second = await fence.open(user)
        assert (second.lease, second.fence) == (first.lease, 5)

    async def test_a_hash_made_again_has_another_lease(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """Whoever opened the hash before it was lost can tell."""
        before = await fence.open(user)
        await redis.call("DEL", key(user))
        assert (await fence.open(user)).lease != before.lease


class TestFill:
    async def test_an_older_state_than_announced_is_refused(self, fence: Fence, user: UserId) -> None:
        """A query that began before a write was announced stores nothing after it."""
        opened = await fence.open(user)
        await fence.raise_to(user, steps.at(2))
        assert not await fence.fill(opened, "/a", answer(user, 1))
        assert await fence.read(user, "/a") is None

    async def test_the_announced_state_is_stored(self, fence: Fence, user: UserId) -> None:
        """A raise keeps the lease: a reader who opened before it and saw the new state may store it."""
        opened = await fence.open(user)
        await fence.raise_to(user, steps.at(2))
        assert await fence.fill(opened, "/a", answer(user, 2))
        assert await fence.read(user, "/a") == answer(user, 2)

    async def test_a_newer_state_drops_the_others(self, fence: Fence, user: UserId) -> None:
        """What a fill shows to be old is no hit any more, in any variant."""
        await fill(fence, user, 1, "/a")
        await fill(fence, user, 2, "/b")
        assert await fence.read(user, "/a") is None
        assert await fence.read(user, "/b") == answer(user, 2)

    @pytest.mark.parametrize("made_again_by", ["open", "raise", "nobody"])
    async def test_a_hash_that_was_lost_meanwhile_is_not_filled(
        self, fence: Fence, redis: Redis, user: UserId, made_again_by: str
    ) -> None:
        """With the hash went the announcements that stood in the way of an older answer: its lease is void."""
        opened = await fence.open(user)
        await fence.raise_to(user, steps.at(2))
        await redis.call("DEL", key(user))
        if made_again_by == "open":
            await fence.open(user)
        elif made_again_by == "raise":
            await fence.raise_to(user, steps.at(1))
        assert not await fence.fill(opened, "/a", answer(user, 1))
        assert await fence.read(user, "/a") is None

    async def test_the_number_of_variants_is_bounded(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """A user who asks ever new questions displaces their own older answers, never the fence or the lease."""
        opened = await fence.open(user)
        for number in range(3 * MAX_VARIANTS):
            assert await fence.fill(opened, f"/{number}", answer(user, 1))
            assert await fence.read(user, f"/{number}") is not None
        assert await redis.call("HLEN", key(user)) == MOST_FIELDS
        assert await fence.fill(opened, f"/{number}", answer(user, 1, body=b"again"))
        assert await redis.call("HLEN", key(user)) == MOST_FIELDS
        assert (await fence.open(user)).lease == opened.lease

    async def test_what_one_user_takes_is_bounded(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """Their answers make room for each other; the last one is always there, and the sum that is kept is true."""
        opened = await fence.open(user)
        body = b"x" * (MAX_VALUE_BYTES - 500)
        for number in range(12):
            assert await fence.fill(opened, f"/{number % 8}", answer(user, 1, body=body[number:]))
            assert await fence.read(user, f"/{number % 8}") is not None
            values = [value for name, value in (await _items(redis, user)).items() if name.startswith(b"v:")]
            assert sum(map(len, values)) <= SHARE_BYTES
            assert (await _items(redis, user))[b"bytes"] == b"%d" % sum(map(len, values))
        assert len(values) == SHARE_BYTES // MAX_VALUE_BYTES
        assert (await fence.open(user)).lease == opened.lease

    async def test_a_huge_answer_is_not_stored(self, fence: Fence, user: UserId) -> None:
        """Above the bound a value costs more memory than its query costs time."""
        huge = answer(user, 1, body=b"x" * MAX_VALUE_BYTES)
        assert not await fence.fill(await fence.open(user), "/a", huge)
        assert await fence.read(user, "/a") is None

    async def test_a_fill_renews_the_life_of_the_hash(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """What is in use stays."""
        opened = await fence.open(user)
        await redis.call("EXPIRE", key(user), 5)
        await fence.fill(opened, "/a", answer(user, 1))
        assert await redis.call("TTL", key(user)) > 250


class TestRaise:
    async def test_what_was_cached_before_is_gone(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """A raise leaves the fence and the lease, and nothing else."""
        await fill(fence, user, 1, "/a")
        await fill(fence, user, 1, "/b")
        lease = (await fence.open(user)).lease
        assert await fence.raise_to(user, steps.at(2))
        assert await _items(redis, user) == {b"fence": b"2", b"lease": lease}

    async def test_an_absent_hash_is_made(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """A reader who comes between the raise and the COMMIT must find the fence in its way."""
        await fence.raise_to(user, steps.at(2))
        assert 250 < await redis.call("TTL", key(user)) <= 330
        opened = await fence.open(user)
        assert opened.fence == 2
        assert not await fence.fill(opened, "/a", answer(user, 1))

    @pytest.mark.parametrize("late", [1, 2])
    async def test_a_late_raise_takes_nothing_back(self, fence: Fence, redis: Redis, user: UserId, late: int) -> None:
        """The fence never goes down, a repeated raise keeps what is current, and outlives its transaction."""
        await fill(fence, user, 2)
        await redis.call("EXPIRE", key(user), 5)
        assert await fence.raise_to(user, steps.at(late))
        assert await fence.read(user, "/a") == answer(user, 2)
        assert await redis.call("TTL", key(user)) > 250

    async def test_many_at_once_are_each_raised(self, fence: Fence, user: UserId) -> None:
        """More lists than fit into one round trip, each to its own revision; one that nobody has opened needs none."""
        lists = [(UserId(f"{user}-{number}"), steps.at(number + 1)) for number in range(1200)]
        await asyncio.gather(*(fence.open(owner) for owner, _ in lists[1:]))
        await fence.raise_all(lists)
        opened = await asyncio.gather(*(fence.open(owner) for owner, _ in lists))
        assert [each.fence for each in opened] == [0, *(stand.revision for _, stand in lists[1:])]

    async def test_a_stray_key_of_another_type_is_replaced(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """What somebody else has put in the place must not keep writes from being announced."""
        await redis.call("SET", key(user), "stray")
        with pytest.raises(RedisUnavailable):
            await fence.open(user)
        assert await fence.raise_to(user, steps.at(2))
        assert (await fence.open(user)).fence == 2


async def test_users_never_share_a_key() -> None:
    """Whatever the name of a user looks like, its key is its own and has one hash tag, the user."""
    names = ["a", "a}", "{a}", "a}:list", "a b", "a%20b", "ä", "%C3%A4", "", ":"]
    keys = {key(UserId(name)) for name in names}
    assert len(keys) == len(names)
    assert all(item.count("{") == item.count("}") == 1 for item in keys)


async def _items(redis: Redis, owner: UserId) -> dict[bytes, bytes]:
    flat = await redis.call("HGETALL", key(owner))
    return dict(zip(flat[::2], flat[1::2], strict=True))


class TestStandsAt:
    """Whether an answer of a revision would be a hit, without one."""

    async def test_a_fill_proves_it_whether_or_not_it_stores(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """What is not worth its room, or too large for it, has been seen all the same."""
        assert not await fence.stands_at(user, Revision(3))
        assert not await fence.fill(await fence.open(user), "/a", replace(answer(user, 3), stored=False))
        assert await fence.stands_at(user, Revision(3))
        assert not await fence.stands_at(user, Revision(2))
        assert await redis.call("HEXISTS", key(user), field("/a")) == 0
        await redis.call("DEL", key(user))
        assert not await fence.fill(await fence.open(user), "/a", answer(user, 3, b"x" * (MAX_VALUE_BYTES + 1)))
        assert await fence.stands_at(user, Revision(3))

    async def test_a_raise_ends_it(self, fence: Fence, user: UserId) -> None:
        """And does not prove its own revision, which may never be committed."""
        await fill(fence, user, 3)
        await fence.raise_to(user, steps.at(4))
        assert not await fence.stands_at(user, Revision(3))
        assert not await fence.stands_at(user, Revision(4))

    async def test_a_fence_alone_proves_nothing(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """A hash that was lost may be made anew by a raise that comes late: the list can be further."""
        await fill(fence, user, 4)
        await redis.call("DEL", key(user))
        late = await fence.open(user)
        await fence.raise_to(user, steps.at(3))
        assert late.fence == 0
        assert not await fence.stands_at(user, Revision(3))

    async def test_nor_does_a_fill_of_another_lease(self, fence: Fence, redis: Redis, user: UserId) -> None:
        """Its query may have begun before the hash was lost."""
        opened = await fence.open(user)
        await redis.call("DEL", key(user))
        await fence.open(user)
        await fence.fill(opened, "/a", answer(user, 3))
        assert not await fence.stands_at(user, Revision(3))

    async def test_it_ends_with_the_generation(self, fence: Fence, user: UserId) -> None:
        """What a lost history has shown may be lost."""
        await fence.fill(await fence.open(user), "/a", replace(answer(user, 3), history=History(1)))
        await fill(fence, user, 3)
        await fence.meet(History(2))
        assert not await fence.stands_at(user, Revision(3))
