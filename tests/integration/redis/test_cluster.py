"""A Redis Cluster: hits by every master, slots that move and masters that change under writes, and nothing stale."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import cast

import httpx
import pytest

from core.cache.fence import BATCH, Fence
from core.cache.keys import key, names_in, slot, user_key
from core.cache.servers.cluster import TURNS, Cluster
from core.errors import RedisUnavailable
from core.types import UserId
from tests import steps
from tests.integration.cache.test_generations import V, cache
from tests.integration.redis import rounds
from tests.ports import steady_port
from tests.servers.address import until as wait
from tests.servers.cluster import SLOTS, Node, RedisCluster
from tests.stack import Stack, folder, new_user
from tests.steps import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def cluster() -> Iterator[RedisCluster]:
    with folder() as path, RedisCluster(path, replicas=True) as cluster:
        yield cluster


@dataclass(frozen=True, slots=True)
class Process:
    redis: Cluster
    fence: Fence

    def master(self, owner: UserId) -> int:
        """The port of whom it would ask."""
        return int(self.redis.of(owner).name.rpartition(":")[2])


@contextlib.asynccontextmanager
async def process(url: str, *, retry_after: float = 0.1) -> AsyncIterator[Process]:
    async with steps.fence(url, timeout=1, retry_after=retry_after) as (redis, fence):
        yield Process(cast(Cluster, redis), fence)


def user_of(cluster: RedisCluster, master: Node) -> UserId:
    """One whose list lies there."""
    return next(user for _ in range(1000) if cluster.owner(key(user := new_user())) is master)


def users_of_each(cluster: RedisCluster) -> list[UserId]:
    return [user_of(cluster, master) for master in cluster.masters]


def settings(cluster: RedisCluster, stack: Stack) -> dict[str, str]:
    return {"REDIS_URL": cluster.url, "WORKER_REDIS_URL": stack.redis.url, "REDIS_TIMEOUT": "0.5"}


def move_to(cluster: RedisCluster, name: str, target: Node) -> None:
    """Move the key's slot from one master to the next until it is there."""
    while cluster.owner(name) is not target:
        cluster.migrate(name)


class TestMap:
    def test_all_keys_of_a_user_share_a_slot(self, cluster: RedisCluster) -> None:
        """Those of the limits too; and the map says what Redis says, whatever the user is called."""
        for user in (new_user(), UserId("a{b}c"), UserId("{}"), UserId("ü/%")):
            keys = [user_key(user, name) for name in ("list", "reads", "writes")]
            assert {cluster.slot(name) for name in keys} == {slot(user)}
        for number in (0, 1, SLOTS - 1):
            names = names_in(number)
            assert {cluster.slot(names.generation), cluster.slot(names.probe[1])} == {number}

    async def test_hits_come_from_every_master(self, cluster: RedisCluster) -> None:
        """All processes find the same generations, each on the master whose values it is of."""
        async with process(cluster.url) as one, process(cluster.url) as other:
            for master, user in zip(cluster.masters, users_of_each(cluster), strict=True):
                stored = await cache(one.fence, user, 3)
                assert await other.fence.read(user, V) == stored
                assert master.ask("EXISTS", key(user)) == 1
                generation = one.redis.of(user).names.generation
                assert master.ask("HGET", generation, "server").startswith(master.ask("INFO")["run_id"].encode())
            assert one.fence.up

    async def test_commands_of_several_turns_leave_in_one_write(self, cluster: RedisCluster) -> None:
        """Each master gets a part of them only: more than one turn's would be small."""
        async with process(cluster.url) as one:
            for redis in one.redis.nodes:
                with steps.written(redis) as writes:
                    await steps.echoed(redis, turns=4 * TURNS)
                assert max(batch.count(b"ECHO") for batch in writes) == TURNS  # the first may have begun before

    async def test_one_node_is_enough_to_find_all(self, cluster: RedisCluster) -> None:
        """A replica, among nodes that are not there."""
        url = f"redis+cluster://127.0.0.1:1,127.0.0.1:{cluster.replicas[0].port}"
        async with process(url) as one:
            assert len(one.redis.nodes) == 3
            await cache(one.fence, new_user(), 1)

    async def test_a_cluster_that_comes_later_is_found(self, user: UserId) -> None:
        """The start does not wait for it."""
        with folder() as path:
            later = RedisCluster(path)
            async with process(later.url) as one:
                assert not one.fence.up
                with pytest.raises(RedisUnavailable):
                    await one.fence.read(user, V)
                with later:
                    await until(lambda: one.fence.up)
                    await cache(one.fence, user, 1)


class TestMovingSlot:
    async def test_an_announcement_follows_its_slot(self, cluster: RedisCluster, user: UserId) -> None:
        """To where its keys go while they are on their way, and to where they are."""
        async with process(cluster.url) as one, process(cluster.url) as other:
            await cache(one.fence, user, 3)
            with cluster.migrating(key(user)) as move:
                move.move_keys()
                assert await one.fence.raise_to(user, steps.at(4))
                with pytest.raises(RedisUnavailable):
                    await other.fence.read(user, V)
            assert move.target.ask("HGET", key(user), "fence") == b"4"
            assert await one.fence.raise_to(user, steps.at(5))
            assert move.target.ask("HGET", key(user), "fence") == b"5"
            assert one.master(user) == move.target.port

    async def test_an_announcement_follows_a_slot_to_a_master_without_any(
        self, cluster: RedisCluster, user: UserId
    ) -> None:
        """Its first slot is on its way there, so no map knows it yet."""
        async with process(cluster.url) as one:
            await cache(one.fence, user, 3)
            with cluster.growing(key(user)) as move:
                move.move_keys()
                assert await one.fence.raise_to(user, steps.at(4))
                move.target.ask("CLUSTER", "SETSLOT", move.slot, "NODE", move.target.identity)
                assert move.target.ask("HGET", key(user), "fence") == b"4"

    async def test_hits_come_back(self, cluster: RedisCluster, user: UserId) -> None:
        """Nobody waits for anything but the map; what was cached by the old master is no hit of the new one."""
        async with process(cluster.url) as one, process(cluster.url) as other:
            await cache(one.fence, user, 3)
            before = one.master(user)
            cluster.migrate(key(user))
            with contextlib.suppress(RedisUnavailable):
                assert await other.fence.read(user, V) is None
            await until(lambda: other.master(user) != before and other.fence.up)
            stored = await cache(other.fence, user, 3)
            await until(lambda: one.master(user) != before and one.fence.up)
            assert await one.fence.read(user, V) == stored

    async def test_a_master_that_is_given_a_slot_is_looked_at_at_once(
        self, cluster: RedisCluster, user: UserId
    ) -> None:
        """Before anybody reads from it again, and not only at the next check."""
        async with process(cluster.url, retry_after=60) as one:
            await cache(one.fence, user, 3)
            cluster.migrate(key(user))
            target = cluster.owner(key(user))
            assert await one.fence.raise_to(user, steps.at(4))
            assert not one.fence.up
            await until(lambda: one.fence.up)
            server = target.ask("HGET", one.redis.of(user).names.generation, "server")
            assert b"cluster_my_epoch:%s\r\n" % server.rpartition(b"/")[2] in target.ask("CLUSTER", "INFO")

    async def test_nothing_is_stale_when_a_slot_comes_back(self, cluster: RedisCluster, user: UserId) -> None:
        """Announced to a master that died, whose replica had not heard of it: the first one's lease counts no more."""
        async with process(cluster.url) as one:
            await cache(one.fence, user, 3)
            first = cluster.owner(key(user))
            cluster.migrate(key(user))
            second = cluster.owner(key(user))
            second.ask("WAIT", 1, 0)
            assert second.ask("HEXISTS", key(user), f"v:{V}") == 1
            cluster.lag(second)
            assert await one.fence.raise_to(user, steps.at(4))
            assert second.ask("HGET", key(user), "fence") == b"4"
            promoted = await asyncio.to_thread(cluster.fail_over, second, kill=True)
            assert promoted.ask("HGET", key(user), "fence") == b"3"
            await asyncio.to_thread(move_to, cluster, key(user), first)
            await until(lambda: one.master(user) == first.port and one.fence.up)
            assert first.ask("HEXISTS", key(user), f"v:{V}") == 1
            assert await one.fence.read(user, V) is None

    async def test_the_slot_of_a_generation_moves(self, cluster: RedisCluster) -> None:
        """Its master takes another, and keeps its connections; all processes find the same again."""
        async with process(cluster.url) as one, process(cluster.url) as other:
            user = user_of(cluster, cluster.masters[0])
            await cache(one.fence, user, 3)
            names, wire = one.redis.of(user).names, one.redis.of(user)._wire
            with cluster.migrating(names.generation) as move:
                move.move_keys()
                await until(lambda: not one.fence.up)  # its next check
                assert await one.fence.raise_to(user, steps.at(4))
                with pytest.raises(RedisUnavailable):
                    await one.fence.read(user, V)
            await until(lambda: one.redis.of(user).names != names and one.fence.up)
            await until(lambda: other.redis.of(user).names != names and other.fence.up)
            stored = await cache(one.fence, user, 4)
            assert await other.fence.read(user, V) == stored
            assert one.redis.of(user)._wire is wire

    def test_no_read_is_stale_while_slots_move_under_writes(self, cluster: RedisCluster, own_stack: Stack) -> None:
        """Keys there, keys half gone, gone, and back; two API processes and a worker."""
        ways = settings(cluster, own_stack)
        own_stack.worker(start=True, **ways, **rounds.UNLIMITED)
        users = users_of_each(cluster)
        with rounds.running(
            own_stack.api(start=True, **ways, **rounds.UNLIMITED),
            own_stack.api(start=True, **ways, **rounds.UNLIMITED),
            *users,
        ) as seen:
            seen.await_hits(*users)
            for user in users:
                with cluster.migrating(key(user)) as move:
                    seen.await_rounds()
                    move.move_keys()
                    seen.await_rounds()
                seen.await_rounds()
                seen.await_hits(*users)


class TestMasterLost:
    async def test_what_a_lagging_replica_brings_back_is_no_hit(self, cluster: RedisCluster) -> None:
        """Its shard has another generation; the other shards' hits stay."""
        lost, kept, _ = users_of_each(cluster)
        async with process(cluster.url) as one:
            await cache(one.fence, lost, 3)
            stored = await cache(one.fence, kept, 3)
            master = cluster.owner(key(lost))
            master.ask("WAIT", 1, 0)
            cluster.lag(master)
            assert await one.fence.raise_to(lost, steps.at(4))
            promoted = await asyncio.to_thread(cluster.fail_over, master, kill=True)
            assert promoted.ask("HGET", key(lost), "fence") == b"3"
            await until(lambda: one.fence.up)
            assert one.master(lost) == promoted.port
            assert await one.fence.read(lost, V) is None
            assert await one.fence.read(kept, V) == stored
            again = await cache(one.fence, lost, 4)
            assert await one.fence.read(lost, V) == again

    async def test_a_shard_that_is_away_takes_no_other_with_it(self) -> None:
        """Reads of its users go past the cache; others' are hits, and are announced in the same go. Then it is back."""
        options = ("--cluster-require-full-coverage", "no")
        with folder() as path, RedisCluster(path, options=options) as cluster:
            lost, kept, _ = users_of_each(cluster)
            async with process(cluster.url) as one:
                await cache(one.fence, lost, 3)
                stored = await cache(one.fence, kept, 3)
                master = cluster.owner(key(lost))
                master.kill()
                await until(lambda: not one.fence.up)
                assert (one.fence.connected, one.fence.partly_connected) == (False, True)
                assert await one.fence.read(kept, V) == stored
                with pytest.raises(RedisUnavailable):
                    await one.fence.open(lost)
                assert not await one.fence.raise_to(lost, steps.at(4))
                others = [(kept, steps.at(4))]
                assert await one.fence.raise_all([*[(lost, steps.at(4))] * BATCH, *others]) == others
                with pytest.raises(RedisUnavailable):
                    await one.fence.raise_all([(lost, steps.at(4))])
                assert await one.fence.read(kept, V) is None
                assert not one.fence.up
                master.start()
                cluster.await_ok()
                await until(lambda: one.fence.up)
                assert master.ask("HGET", key(lost), "fence") == b"4"

    def test_the_worker_goes_on_publishing_for_the_others(self, own_stack: Stack) -> None:
        """A change made with psql is shown, and that the rest could not be told is a run that failed."""
        options = ("--cluster-require-full-coverage", "no")
        with folder() as path, RedisCluster(path, options=options) as cluster:
            ways, port = settings(cluster, own_stack), steady_port()
            lost, kept, _ = users_of_each(cluster)
            own_stack.worker(start=True, WORKER_METRICS_PORT=str(port), **ways, **rounds.UNLIMITED)
            api = own_stack.api(start=True, **ways, **rounds.UNLIMITED)
            with steps.outside(own_stack.database_url) as cursor, api.client(kept) as user:
                wait(lambda: user.get("/api/tasks").headers["x-cache"] == "hit", "it is cached")
                cluster.owner(key(lost)).kill()
                wait(lambda: user.get("/readyz").json()["redis"] == "away", "the loss is told")
                for owner in (lost, kept):
                    cursor.execute("INSERT INTO tasks (user_id, title) VALUES (%s, 'by hand')", (owner,))
                wait(lambda: len(user.get("/api/tasks").json()) == 1, "it is shown")
                failed = 'tasklane_worker_jobs_total{job="publish_revisions",outcome="failed"}'
                wait(
                    lambda: failed in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text,
                    "the run has failed",
                )

    def test_no_read_is_stale_while_a_master_dies_under_writes(self, cluster: RedisCluster, own_stack: Stack) -> None:
        """It is killed with a replica that lags; then another hands over by agreement. Hits come back for all."""
        ways = settings(cluster, own_stack)
        own_stack.worker(start=True, **ways, **rounds.UNLIMITED)
        users = users_of_each(cluster)
        reader = own_stack.api(start=True, **ways, **rounds.UNLIMITED)
        with rounds.running(own_stack.api(start=True, **ways, **rounds.UNLIMITED), reader, *users) as seen:
            seen.await_hits(*users)
            master = cluster.owner(key(users[0]))
            cluster.lag(master)
            seen.await_rounds()
            with reader.client() as anyone:
                wait(lambda: anyone.get("/readyz").json()["redis"] == "ok", "all are there")
                master.kill()
                wait(lambda: anyone.get("/readyz").json()["redis"] == "away", "the loss is told")
                cluster.fail_over(master, kill=True)
                seen.await_rounds()
                seen.await_hits(*users)
                cluster.rejoin(master)
                cluster.fail_over(cluster.owner(key(users[1])))
                seen.await_rounds()
                seen.await_hits(*users)
                wait(lambda: anyone.get("/readyz").json()["redis"] == "ok", "all are back")
