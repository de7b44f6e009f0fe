"""What a promoted replica lacks, two primaries at once, an identity that nobody tells, and an election."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py

from tests.servers.address import PATIENCE, FailoverAddress, until
from tests.servers.redis import BOUNDED, PLAIN_USER, RedisPair, ask, refuses_writes
from tests.servers.sentinel import Sentinels
from tests.stack import folder


@pytest.fixture
def path() -> Iterator[Path]:
    with folder() as path:
        yield path


def test_a_lagging_replica_is_promoted_without_the_last_writes(path: Path) -> None:
    """They were acknowledged, even by a primary that counts its replicas: a replica that lags is still connected."""
    with RedisPair(path, options=BOUNDED) as pair:
        ask(pair.address.port, "SET", "before", "1")
        pair.catch_up()
        pair.hold_replication()
        ask(pair.address.port, "SET", "tail", "1")
        assert ask(pair.address.port, "EXISTS", "before", "tail") == 2
        was = ask(pair.address.port, "INFO")["run_id"]
        pair.fail_over()
        assert ask(pair.address.port, "EXISTS", "before") == 1
        assert ask(pair.address.port, "EXISTS", "tail") == 0
        assert ask(pair.address.port, "INFO")["run_id"] != was


def test_a_replica_that_comes_back_has_everything(path: Path) -> None:
    """After it lagged, and after it was cut off."""
    with RedisPair(path) as pair:
        for number, lose in enumerate((pair.hold_replication, pair.cut_replication)):
            lose()
            ask(pair.address.port, "SET", f"held {number}", "1")
            assert pair.replica.ask("EXISTS", f"held {number}") == 0
            pair.resume_replication()
            pair.catch_up()
            assert pair.replica.ask("EXISTS", f"held {number}") == 1


def test_a_pair_can_fail_over_again(path: Path) -> None:
    """Each server in its turn."""
    with RedisPair(path) as pair:
        for number in range(3):
            assert ask(pair.address.port, "INCR", "failovers") == number + 1
            pair.catch_up()
            pair.fail_over()
            pair.renew()


def test_two_sides_of_a_partition_see_two_primaries(path: Path) -> None:
    """Both take writes."""
    with RedisPair(path) as pair, FailoverAddress(pair.primary.port) as there:
        pair.cut_replication()
        pair.promote()
        there.switch(pair.replica.port)
        assert [ask(side.port, "INCR", "value") for side in (pair.address, there, there)] == [1, 1, 2]
        assert ask(pair.address.port, "GET", "value") == b"1"


def test_a_primary_without_its_replica_refuses_writes_where_it_is_told_to(path: Path) -> None:
    """And answers reads; the promoted one refuses, too, until it has a replica of its own."""
    with RedisPair(path, options=BOUNDED) as pair:
        ask(pair.address.port, "SET", "before", "1")
        pair.catch_up()
        pair.cut_replication()
        until(lambda: refuses_writes(pair.primary.port), "the primary has noticed")
        assert ask(pair.address.port, "GET", "before") == b"1"
        pair.promote()
        assert refuses_writes(pair.replica.port)
        pair.switch()
        pair.renew()
        assert ask(pair.address.port, "SET", "after", "1")


def test_an_identity_that_is_hidden(path: Path) -> None:
    """INFO answers whole, without `run_id`, before and after a failover; or it is not answered at all."""
    with RedisPair(path, hide_run_id=True, options=PLAIN_USER) as pair:
        plain = redis_py.Redis(port=pair.address.port, username="plain", password="any")
        with plain, pytest.raises(redis_py.exceptions.NoPermissionError):
            plain.info()
        for _ in range(2):
            shown, own = ask(pair.address.port, "INFO"), ask(pair.address.target, "INFO")
            assert "run_id" not in shown
            assert shown["tcp_port"] == own["tcp_port"] == pair.address.target
            assert len(own["run_id"]) == 40
            if pair.primary.running:
                pair.fail_over()


def test_a_switch_cuts_whoever_was_connected(path: Path) -> None:
    """Nobody goes on talking with the old server, though it lives."""
    with RedisPair(path) as pair, socket.create_connection(("127.0.0.1", pair.address.port), PATIENCE) as client:
        client.sendall(b"PING\r\n")
        assert client.recv(100) == b"+PONG\r\n"
        pair.switch()
        with pytest.raises(ConnectionResetError):
            client.recv(100)
        assert pair.primary.is_primary
        assert ask(pair.address.port, "ROLE")[0] == b"slave"


def test_an_election_promotes_the_replica_and_may_lose_writes(path: Path) -> None:
    """All Sentinels name the new primary, which lacks what was written while the replica was locked out; twice."""
    with Sentinels(path) as sentinels:
        for number in range(2):
            sentinels.primary.ask("SET", f"before {number}", "1")
            sentinels.primary.ask("WAIT", 1, 0)
            sentinels.lag()
            sentinels.primary.ask("SET", f"tail {number}", "1")
            sentinels.elect()
            assert {one.primary for one in sentinels.sentinels} == {sentinels.replica.port}
            assert sentinels.replica.is_primary
            assert sentinels.replica.ask("EXISTS", f"before {number}") == 1
            assert sentinels.replica.ask("EXISTS", f"tail {number}") == 0
            sentinels.renew()
