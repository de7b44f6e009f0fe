"""A Redis primary with a replica that can lag, be cut off and be promoted, behind an address that follows."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import redis as redis_py

from deploy.local.servers.redis import RedisServer
from deploy.local.servers.sockets import LOOPBACK
from tests.ports import steady_port
from tests.servers.address import PATIENCE, FailoverAddress, until

REPLICA_USER = "follower"
"""As whom replicas follow, so that a primary can lock them out and keep its address."""

FOLLOWED = (
    *("--user", REPLICA_USER, "on", "nopass", "+psync", "+replconf", "+ping"),
    *("--masteruser", REPLICA_USER),
    *("--masterauth", "any"),
    *("--repl-diskless-sync", "yes"),
    *("--repl-diskless-sync-delay", "0"),
)
PLAIN_USER = ("--user", "plain", "on", "nopass", "~*", "&*", "+@all", "-@dangerous")
"""What many hosts give out; INFO is among the dangerous commands."""

BOUNDED = ("--min-replicas-to-write", "1", "--min-replicas-max-lag", "5")
"""No write without a replica that was heard of within this many seconds. It reports once a second, and both round: with
1, a primary whose replica is well refuses writes now and then on a busy machine."""


class Server(RedisServer):
    """On a TCP port of its own."""

    def __init__(self, folder: Path, *, options: Sequence[str] = (), port: int | None = None) -> None:
        self.port = port or steady_port()
        super().__init__(folder, port=self.port, options=(*FOLLOWED, *options))

    def ask(self, *command: str | int) -> Any:
        """One command on a connection of its own."""
        return ask(self.port, *command)

    @property
    def is_primary(self) -> bool:
        return self.running and self.ask("ROLE")[0] == b"master"

    @property
    def follows(self) -> bool:
        """Whether it is a replica that has its primary's data and hears of every change."""
        return self.running and (role := self.ask("ROLE"))[0] == b"slave" and role[3] == b"connected"

    def start_following(self, port: int) -> None:
        """Start as a replica of the server there, and never be seen as anything else; returns when both say so."""
        own, self.options = self.options, (*self.options, "--replicaof", LOOPBACK, str(port))
        try:
            self.start()
        finally:
            self.options = own
        until(lambda: self.follows, "the replica follows")
        me = str(self.port).encode()
        until(lambda: me in [replica[1] for replica in ask(port, "ROLE")[2]], "the primary knows its replica")
        good = "min_slaves_good_slaves"  # there, and behind, where a primary counts them (`BOUNDED`)
        until(lambda: ask(port, "INFO", "replication").get(good, 1), "the primary counts its replica")

    def lock_out(self) -> None:
        """Its replicas are cut off and cannot come back, while everyone else finds them and it at their addresses."""
        self.ask("ACL", "SETUSER", REPLICA_USER, "off")
        self.ask("CLIENT", "KILL", "TYPE", "replica")
        until(lambda: self.ask("ROLE")[2] == [], "the replicas have gone")

    def let_in(self) -> None:
        self.ask("ACL", "SETUSER", REPLICA_USER, "on")


class RedisPair:
    """`primary` and `replica`, which follows through `link`; clients use `url`, whoever serves.

    `hide_run_id`: INFO has no field of this name for clients of the address, as with some services; the servers' own
    ports show it. `options` are for both servers: `BOUNDED` bounds a split brain, `PLAIN_USER` may not ask INFO at all.
    """

    def __init__(self, folder: Path, *, hide_run_id: bool = False, options: Sequence[str] = ()) -> None:
        self.primary = Server(folder / "redis-1", options=options)
        self.replica = Server(folder / "redis-2", options=options)
        self.address = FailoverAddress(self.primary.port, hidden=b"run_id" if hide_run_id else b"")
        self.link = FailoverAddress(self.primary.port)
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as resources:
            resources.enter_context(self.address)
            resources.enter_context(self.link)
            resources.enter_context(self.primary)
            resources.callback(self.replica.stop)
            self.replica.start_following(self.link.port)
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def url(self) -> str:
        """A redis-py URL of the address that follows every failover."""
        return f"redis://{LOOPBACK}:{self.address.port}/0"

    def hold_replication(self) -> None:
        """The replica stays connected and lags without end. What the primary counts as connected still counts."""
        self.link.hold()

    def cut_replication(self) -> None:
        """The replica is gone from the primary's sight, as in a partition."""
        self.link.part()

    def resume_replication(self) -> None:
        """The replica comes back, and fetches what it missed."""
        self.link.heal()

    def catch_up(self) -> None:
        """Return when the replica has everything that the primary has written by now."""
        written = self.primary.ask("INFO", "replication")["master_repl_offset"]
        until(lambda: self.replica.ask("INFO", "replication")["slave_repl_offset"] >= written, "the replica caught up")

    def promote(self) -> None:
        """Make the replica a primary, whether or not the other one lives; the address still leads where it led."""
        self.replica.ask("REPLICAOF", "NO", "ONE")

    def switch(self) -> None:
        """Lead the address to the replica."""
        self.address.switch(self.replica.port)

    def fail_over(self) -> None:
        """The primary dies, the replica takes over, and the address follows."""
        self.primary.kill()
        self.promote()
        self.switch()

    def renew(self) -> None:
        """After a failover: the promoted replica is the primary now; the other server, emptied, follows it."""
        self.primary, self.replica = self.replica, self.primary
        self.replica.kill()
        self.link.heal()
        self.link.switch(self.primary.port)
        self.replica.start_following(self.link.port)


def ask(port: int, *command: str | int) -> Any:
    """One command to whoever listens there, on a connection of its own."""
    with redis_py.Redis(port=port, socket_timeout=PATIENCE) as client:
        return client.execute_command(*command)


def refuses_writes(port: int) -> bool:
    """Whether whoever listens there takes none for want of replicas."""
    try:
        ask(port, "SET", "probe", "1")
    except redis_py.ResponseError as error:
        if "NOREPLICAS" in str(error):
            return True
        raise
    return False
