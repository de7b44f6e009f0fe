"""Finds the server that takes writes among several, each in a part of the time, so that one that hangs holds up nobody.

libpq would do the same one after another, but not in time: its `connect_timeout` is whole seconds, and none where
psycopg2 waits by a callback.
"""

import random
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from typing import Protocol, TypeVar

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, whatever its case

from core.addresses.postgres import Host, PostgresAddress
from core.database.session import NoRoom, NotPrimary, open_session

T = TypeVar("T")

PARTS = 3
"""A server that may hang has this part of the time that is left, as long as there is another one."""


class Run(Protocol):
    """Calls something that blocks, and bounds its waits."""

    def __call__(self, function: Callable[[], T], /, *, deadline: float) -> T: ...


class Hosts:
    """Makes sessions with the primary. Where the last one was made, the next is tried first."""

    def __init__(self, address: PostgresAddress, run: Run) -> None:
        self._address = address
        self._run = run
        self._hosts = list(address.hosts)
        if address.parameters.get("load_balance_hosts") == "random":
            random.shuffle(self._hosts)
        self._last_host: Host | None = None
        self._last_place: Host | None = None
        self.moved = 0.0
        """When sessions were last made with another host than those before; of `time.monotonic`."""

    def connect(self, *, deadline: float, modest: bool = False) -> Connection:
        """With `modest`, leave the server's last connections to others.

        Raises `NoRoom`, `NotPrimary` or another `OperationalError`, which says what became of each host.
        """
        to_host = partial(self._to_host, modest=modest)
        return _first(_foremost(self._hosts, self._last_host), to_host, deadline)

    def _to_host(self, host: Host, deadline: float, *, modest: bool) -> Connection:
        places = [host]
        if host.name and not host.address and not _is_place(host.name):
            found = self._run(partial(_look_up, host.name), deadline=deadline)
            places = _foremost([replace(host, address=address) for address in found], self._last_place)
        connection = _first(places, partial(self._to_place, modest=modest), deadline)
        if self._last_host not in (None, host):
            self.moved = time.monotonic()
        self._last_host = host
        return connection

    def _to_place(self, place: Host, deadline: float, *, modest: bool) -> Connection:
        parameters = {**self._address.parameters, **place.parameters}
        connect = partial(open_session, parameters, writable=self._address.writable, modest=modest)
        connection = self._run(connect, deadline=deadline)
        self._last_place = place
        return connection


def _first(choices: Sequence[Host], attempt: Callable[[Host, float], T], deadline: float) -> T:
    """What the first gives that gives something. Each has a third of the time that is left, the last has it all.

    Not equal parts, for a name of many addresses must leave a slow server (one that wakes up) enough; and not halves,
    for whoever waits for a slot meanwhile waits for half of the time.
    """
    failures = []
    for others, choice in zip(reversed(range(len(choices))), choices, strict=True):
        now = time.monotonic()
        try:
            return attempt(choice, now + (deadline - now) / (PARTS if others else 1))
        except psycopg2.OperationalError as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    kind = next((kind for kind in (NoRoom, NotPrimary) if any(isinstance(failure, kind) for failure in failures)), None)
    reasons = (f"{choice}: {failure}" for choice, failure in zip(choices, failures, strict=True))
    raise (kind or psycopg2.OperationalError)("; ".join(reasons))


def _foremost(hosts: Sequence[Host], first: Host | None) -> list[Host]:
    return sorted(hosts, key=lambda host: host != first)


def _is_place(name: str) -> bool:
    """Whether there is nothing to look up: the folder of a Unix socket (libpq knows both signs), or an IP address."""
    if name.startswith(("/", "@")):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _look_up(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name.encode(), None, type=socket.SOCK_STREAM)  # bytes: Python would refuse long ones
    except OSError as error:
        raise psycopg2.OperationalError(f"the host name {name} cannot be looked up: {error.strerror}") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
