"""Users who write through one API process and read through another, while something happens to what is behind them."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from core.types import UserId
from tests.stack import ApiProcess, client
from tests.steps import PATIENCE

UNLIMITED = {"LIMIT_READS_RATE": "0", "LIMIT_WRITES_RATE": "0"}
"""For the processes: the users go as fast as the machine does, and a quick one is above the limits."""


@dataclass
class Rounds:
    """What was seen so far: `stale` must stay empty."""

    done: Counter[UserId] = field(default_factory=Counter)
    results: list[tuple[UserId, str]] = field(default_factory=list)
    """Of each read, in order: `hit`, `miss` or `bypass`."""
    stale: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def await_hits(self, *users: UserId) -> None:
        """Return when each of them has had a hit, counted from here on."""
        seen = len(self.results)
        deadline = time.monotonic() + PATIENCE
        while not set(users) <= {user for user, result in self.results[seen:] if result == "hit"}:
            assert time.monotonic() < deadline, f"no hits: {Counter(self.results[seen:])}"
            time.sleep(0.01)

    def await_rounds(self, count: int = 5) -> None:
        """Return when each user has made so many more."""
        goal = {user: made + count for user, made in self.done.items()}
        deadline = time.monotonic() + PATIENCE
        while any(self.done[user] < made for user, made in goal.items()):
            assert time.monotonic() < deadline, f"no rounds: {self.done}"
            time.sleep(0.01)


@contextmanager
def running(writer: ApiProcess, reader: ApiProcess, *users: UserId) -> Iterator[Rounds]:
    """Each user goes round in a thread of their own; at the end nothing may have been stale, nor have failed."""
    rounds, stop = Rounds(), threading.Event()
    for user in users:
        rounds.done[user] = 0
    threads = [threading.Thread(target=_go_round, args=(rounds, stop, writer, reader, user)) for user in users]
    for thread in threads:
        thread.start()
    try:
        yield rounds
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not rounds.stale, rounds.stale
    assert not rounds.errors, rounds.errors[:3]


def _go_round(rounds: Rounds, stop: threading.Event, writer: ApiProcess, reader: ApiProcess, user: UserId) -> None:
    """Write, and read it twice in the other process: what was acknowledged is shown."""
    with client(writer.url, user) as left, client(reader.url, user) as right:
        task = left.post("/api/tasks", json={"title": "0"}).json()["id"]
        for number in itertools.count(1):
            if stop.is_set():
                return
            try:
                answered = left.patch(f"/api/tasks/{task}", json={"title": str(number)})
                answered.raise_for_status()
                for _ in range(2):
                    read = right.get("/api/tasks").raise_for_status()
                    rounds.results.append((user, read.headers["x-cache"]))
                    if [one["title"] for one in read.json()] != [str(number)]:
                        rounds.stale.append(f"{user}: {read.json()} instead of {number} ({read.headers['x-cache']})")
            except httpx.HTTPError as error:
                rounds.errors.append(f"{user}: {error!r}")
            rounds.done[user] += 1
