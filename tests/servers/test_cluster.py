"""What clients of a Redis Cluster meet: a slot that moves, a master that changes, writes that a new master lacks."""

from collections.abc import Iterator

import pytest
import redis as redis_py

from tests.servers.cluster import SLOTS, RedisCluster
from tests.servers.redis import ask
from tests.stack import folder


@pytest.fixture
def cluster() -> Iterator[RedisCluster]:
    with folder() as path, RedisCluster(path, replicas=True) as cluster:
        yield cluster


def client(cluster: RedisCluster) -> redis_py.RedisCluster:
    """One that follows the cluster wherever it goes."""
    made: redis_py.RedisCluster = redis_py.RedisCluster(host="127.0.0.1", port=cluster.masters[0].port)
    return made


def test_a_slot_moves_while_its_keys_are_used(cluster: RedisCluster) -> None:
    """Its old master says ASK for what has gone, then MOVED; another slot's keys stay."""
    with client(cluster) as redis:
        keys = [f"{{alice}}:{number}" for number in range(5)]
        for key in [*keys, "{bob}"]:
            redis.set(key, "1")
        owner, of_another = cluster.owner("{alice}"), cluster.owner("{bob}")
        with cluster.migrating("{alice}") as move:
            assert move.source is owner
            assert move.move_keys(2) == 2
            asked = [key for key in keys if is_redirected(owner.port, key, "ASK")]
            assert len(asked) == 2
            assert [redis.get(key) for key in keys] == [b"1"] * 5
        assert cluster.owner("{alice}") is move.target
        assert all(is_redirected(owner.port, key, "MOVED") for key in keys)
        assert [redis.get(key) for key in keys] == [b"1"] * 5
        assert cluster.owner("{bob}") is of_another


def is_redirected(port: int, key: str, how: str) -> bool:
    """By that server, to another; False if it answers itself."""
    try:
        ask(port, "GET", key)
    except redis_py.ResponseError as error:
        return str(error).startswith(how)
    return False


def test_a_master_hands_over_to_its_replica(cluster: RedisCluster) -> None:
    """By agreement nothing is lost; its old master sends clients on."""
    with client(cluster) as redis:
        redis.set("{alice}", "1")
        old = cluster.owner("{alice}")
        new = cluster.fail_over(old)
        assert cluster.owner("{alice}") is new
        assert is_redirected(old.port, "{alice}", "MOVED")
        assert redis.get("{alice}") == b"1"


def test_a_master_dies_and_its_replica_lacks_the_last_writes(cluster: RedisCluster) -> None:
    """Its slots are served again by a node that had not heard of them; the dead one comes back as a replica."""
    old = cluster.owner("{alice}")
    old.ask("SET", "{alice}:before", "1")
    old.ask("WAIT", 1, 0)
    cluster.lag(old)
    old.ask("SET", "{alice}:tail", "1")
    new = cluster.fail_over(old, kill=True)
    assert new.ask("EXISTS", "{alice}:before") == 1
    assert new.ask("EXISTS", "{alice}:tail") == 0
    cluster.rejoin(old)
    assert not old.is_primary
    assert cluster.fail_over(new) is old
    assert old.ask("EXISTS", "{alice}:before") == 1


def test_several_clusters_live_side_by_side() -> None:
    """Without replicas; each serves all of its slots, and knows of its own nodes only."""
    with folder() as one, folder() as two, RedisCluster(one) as first, RedisCluster(two) as second:
        for cluster in (first, second):
            for node in cluster.masters:
                view = node.view()
                assert len(view) == 3
                ranges = [slots.split("-") for _, _, *served in view.values() for slots in served]
                assert sum(int(last) - int(low) + 1 for low, last in ranges) == SLOTS
