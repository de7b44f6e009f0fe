"""Three Sentinels that watch a Redis primary and its replica, and elect the replica when the primary is gone."""

import contextlib
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import redis as redis_py

from deploy.local.children.child import Child, Launch
from deploy.local.servers.redis import _binary
from deploy.local.servers.sockets import LOOPBACK
from tests.ports import steady_port
from tests.servers.address import PATIENCE, until
from tests.servers.redis import Server, ask

MASTER = "tasklane"
"""What the Sentinels call the pair."""

QUORUM = 2
PATIENT, QUICK = 10_000, 1500
"""Milliseconds after which a server that says nothing is taken for dead. On a busy machine one that lives is silent for
more than a second now and then: only where a death is waited for are the Sentinels quick to see it. They ask once a
second at most: with less one that lives is found dead.
"""

GIVEN_UP = 3000
"""Milliseconds after which a failover that does not come to its end is."""

SWITCHED = "+switch-master"
"""The event that tells of a new primary: `tasklane <old host> <old port> <new host> <new port>`."""


class Sentinel(Child):
    """One of them; it keeps what it has learnt over a restart."""

    stop_signals = (signal.SIGTERM,)

    def __init__(self, folder: Path) -> None:
        self.port = steady_port()
        self.identity = secrets.token_hex(20)
        super().__init__("Sentinel", log=folder / f"sentinel-{self.port}.log")
        self._file = folder / f"sentinel-{self.port}.conf"

    def configure(self, *lines: str) -> None:
        """What it knows at its first start."""
        own = (f"port {self.port}", f"bind {LOOPBACK}", f"sentinel myid {self.identity}")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text("\n".join((*own, *lines, "")))

    def prepare(self) -> Launch:
        return Launch([_binary(), self._file, "--sentinel"], cwd=self._file.parent)

    def ready(self) -> bool:
        with contextlib.suppress(redis_py.ConnectionError):
            return bool(ask(self.port, "PING"))
        return False

    @property
    def primary(self) -> int:
        """The port that it tells clients."""
        return int(ask(self.port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)[1])

    @property
    def is_prepared(self) -> bool:
        """Whether it could have a replica promoted now: it hears of one, and of enough other Sentinels."""
        replicas = [_fields(replica) for replica in ask(self.port, "SENTINEL", "REPLICAS", MASTER)]
        with contextlib.suppress(redis_py.ResponseError):
            ask(self.port, "SENTINEL", "CKQUORUM", MASTER)
            return [(one["flags"], one["master-link-status"]) for one in replicas] == [("slave", "ok")]
        return False


class Sentinels:
    """`primary`, `replica`, and three Sentinels at `url`, who tell each client where the primary is.

    The replica follows without a wire, since Sentinel takes the addresses that the servers tell each other; it is made
    to lag by locking it out. A Sentinel that was itself paused for two seconds does nothing for thirty (TILT): do not
    freeze them where an election is waited for.
    """

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        self.primary = Server(folder / "redis-1", options=options)
        self.replica = Server(folder / "redis-2", options=options)
        self.sentinels = [Sentinel(folder) for _ in range(3)]
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as resources:
            resources.enter_context(self.primary)
            resources.callback(self.replica.stop)
            self.replica.start_following(self.primary.port)
            for sentinel in self.sentinels:
                sentinel.configure(*self._configuration(sentinel))
                resources.callback(sentinel.kill)
                sentinel.start()
            self._await_preparation()
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def url(self) -> str:
        hosts = ",".join(f"{LOOPBACK}:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{MASTER}/0"

    def lag(self) -> None:
        """What is written from now on does not reach the replica, which is a candidate all the same."""
        self.primary.lock_out()

    def elect(self) -> None:
        """The primary dies; returns when every Sentinel has told that the replica is the primary now."""
        with self.watching() as switched:
            self.primary.kill()
            self._give_up_after(QUICK)
            switched()
        self._give_up_after(PATIENT)

    def hand_over(self) -> None:
        """By agreement, with the primary alive; returns as `elect` does. It is not tried twice, so it may take long."""
        with self.watching() as switched:
            self._set("failover-timeout", round(1000 * PATIENCE))
            ask(self.sentinels[0].port, "SENTINEL", "FAILOVER", MASTER)
            switched()
        self._set("failover-timeout", GIVEN_UP)

    @contextlib.contextmanager
    def watching(self) -> Iterator[Callable[[], None]]:
        """Yields what waits until every Sentinel has told of a new primary, counted from here on."""
        with contextlib.ExitStack() as resources:
            listening = []
            for sentinel in self.sentinels:
                client = resources.enter_context(redis_py.Redis(port=sentinel.port, socket_timeout=PATIENCE))
                subscription = resources.enter_context(client.pubsub())
                subscription.subscribe(SWITCHED)
                _next(subscription, "subscribe")
                listening.append(subscription)

            def switched() -> None:
                for subscription in listening:
                    _next(subscription, "message")

            yield switched

    def renew(self) -> None:
        """After an election: the elected one is the primary now; the other server, emptied, follows it."""
        self.primary, self.replica = self.replica, self.primary
        self.replica.kill()
        self.replica.start_following(self.primary.port)
        self._await_preparation()

    def _give_up_after(self, milliseconds: int) -> None:
        self._set("down-after-milliseconds", milliseconds)

    def _set(self, option: str, milliseconds: int) -> None:
        for sentinel in self.sentinels:
            ask(sentinel.port, "SENTINEL", "SET", MASTER, option, milliseconds)

    def _configuration(self, sentinel: Sentinel) -> list[str]:
        """All that they would find out about each other within seconds."""
        others = [other for other in self.sentinels if other is not sentinel]
        return [
            f"sentinel monitor {MASTER} {LOOPBACK} {self.primary.port} {QUORUM}",
            f"sentinel down-after-milliseconds {MASTER} {PATIENT}",
            f"sentinel failover-timeout {MASTER} {GIVEN_UP}",
            f"sentinel known-replica {MASTER} {LOOPBACK} {self.replica.port}",
            *(f"sentinel known-sentinel {MASTER} {LOOPBACK} {one.port} {one.identity}" for one in others),
        ]

    def _await_preparation(self) -> None:
        until(lambda: all(one.is_prepared for one in self.sentinels), "the Sentinels know each other and the replica")


def _fields(flat: list[bytes]) -> dict[str, str]:
    words = [word.decode() for word in flat]
    return dict(zip(words[::2], words[1::2], strict=True))


def _next(subscription: Any, kind: str) -> Any:
    """Its next message of this kind."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        message = subscription.get_message(timeout=1)
        if message and message["type"] == kind:
            return message
    raise TimeoutError(f"the Sentinel told of nothing within {PATIENCE:.0f} s")
