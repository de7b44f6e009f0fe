"""Clients that do what frontends do, at random and by seed, each operation recorded."""

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from tests.consistency.checking.answers import Memory
from tests.consistency.checking.history import ACCOUNT, LIST, QUESTIONS, Operation, Outcome
from tests.consistency.checking.mirrors import FOLLOWS, Mirror
from tests.consistency.clients import writes
from tests.consistency.clients.client import NoAnswer, Response, Service
from tests.consistency.clients.followers import STAYS, Follower
from tests.consistency.clients.hands import EMPTY, ERASE, Hands
from tests.consistency.clients.writes import Planned
from tests.tokens import shared_secret_token

WRITES = 0.06
MIRROR_READS = 0.2
ERASURES = 0.2
"""Of the writes, where there are hands."""
FOLLOWERS = 10_000
"""The first one's session."""
MIRROR_LIMITS = (1, 4, 500)
"""A user has a dozen tasks."""
KEY_ATTEMPTS = 8
PAUSE_AFTER_TROUBLE = 0.05
PAUSE_BEFORE_RETRY = 0.3
NOW = time.monotonic

_LISTS = (*QUESTIONS, ACCOUNT)
_LIST_WEIGHTS = tuple(itertools.accumulate((30, 8, 4, 8, 5, 8, 4, 4, 5, 4)))


@dataclass(slots=True)
class User:
    """Somebody with tasks; what their own sessions know of them."""

    name: str
    authorization: bytes
    memory: Memory = field(default_factory=Memory)
    tasks: dict[int, str] = field(default_factory=dict)
    """Those that are probably there: id, and the last ETag known or nothing."""

    @classmethod
    def named(cls, name: str) -> "User":
        """With a token that is valid for days before and after, whatever a process's clock says."""
        now = int(time.time())
        token = shared_secret_token(name, iat=now - 86_400, exp=now + 86_400)
        return cls(name, f"authorization: Bearer {token}\r\n".encode())


class Workload:
    """Sessions of users, and what they have done so far."""

    def __init__(
        self,
        service: Service,
        users: Sequence[User],
        *,
        sessions: int,
        seed: int,
        writes: float | None = None,
        mirrors: bool = True,
        followers: int = 1,
        stays: float = STAYS,
        hands: Hands | None = None,
    ) -> None:
        self.users = users
        self.operations: list[Operation] = []
        self._service = service
        self._writes = WRITES if writes is None else writes
        self._random = random.Random(seed)
        self._stopping = False
        self._goal = 0
        self._sessions = [(number, user) for number, user in enumerate(u for u in users for _ in range(sessions))]
        self._mirrors = {number: Mirror() for number, _ in self._sessions} if mirrors else {}
        """By session. A release that cannot tell changes is not asked for them."""
        following = [user for number, user in enumerate(users) if followers > 1 or number % 4 != 1]
        several = [user for user in following for _ in range(followers)]
        self.followers = [
            Follower(FOLLOWERS + number, user, service.ports, self.operations, random.Random(seed + number), stays)
            for number, user in enumerate(several if mirrors else ())
        ]
        """By events. What they read tells Redis how far a list is, so if they are few some of the quiet have none."""
        self._following: list[asyncio.Task[None]] = []
        self._hands = hands
        self._quiet_until = 0.0
        self.wrote = [0.0] * len(service.ports)
        """By process: when a write last succeeded, and a read was last a hit."""
        self.hit = [0.0] * len(service.ports)

    async def run(self, *, operations: int = 0, until: asyncio.Event | None = None) -> None:
        """Work until that many operations are done, or until the event."""
        self._goal = len(self.operations) + operations if operations else 0
        self._stopping = False
        if not self._following:
            self._following = [asyncio.create_task(follower.run()) for follower in self.followers]
        working = [asyncio.create_task(self._session(number, user)) for number, user in self._sessions]
        if until:
            await until.wait()
            self._stopping = True
        await asyncio.gather(*working)

    async def close(self) -> None:
        """Nobody follows any more."""
        for following in self._following:
            following.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    def hush(self, *, until: float = inf) -> None:
        """Every second user writes nothing until then, and asks only what may be a hit.

        Other answers tell Redis how far the list is.
        """
        self._quiet_until = until

    async def read_everything(self) -> None:
        """Each user's list through each process, once more, all at rest."""
        for process in range(len(self._service.ports)):
            await asyncio.gather(
                *(self.read(-1 - process, user, process, LIST, conditional=False) for user in self.users)
            )

    async def read(self, session: int, user: User, process: int, question: str, *, conditional: bool) -> Operation:
        """Ask; `conditional` sends the ETag of the user's last answer along."""
        known = user.memory.latest.get(question) if conditional else None
        kind, extra = ("read if changed", f"if-none-match: {known.etag}\r\n") if known and known.etag else ("read", "")
        operation = Operation(user.name, session, process, kind, NOW(), question=question)
        path = question if self._random.random() < 0.9 else question.replace(LIST, f"/api/{user.name}/tasks", 1)
        response = await self._ask(process, request("GET", path, user, extra))
        operation.end = NOW()
        if response:
            operation.status = response.status
            user.memory.read(operation, response, known)
        else:
            operation.outcome = "fail"
        if operation.cache == "hit":
            self.hit[process] = operation.end
        self.operations.append(operation)
        if question == LIST and operation.outcome == "ok" and operation.shown:
            user.tasks = {item.id: user.tasks.get(item.id, "") for item in operation.shown[1:]}
        return operation

    async def _session(self, number: int, user: User) -> None:
        while not self._stopping and not (self._goal and len(self.operations) >= self._goal):
            process = self._random.randrange(len(self._service.ports))
            if self._random.random() < self._writes and not self._is_quiet(user):
                outcome = await self._change(number, user, process)
            else:
                outcome = (await self._read(number, user, process)).outcome
            if outcome != "ok":
                await asyncio.sleep(PAUSE_AFTER_TROUBLE * self._random.random())

    def _is_quiet(self, user: User) -> bool:
        return NOW() < self._quiet_until and self.users.index(user) % 2 == 1

    async def _read(self, number: int, user: User, process: int) -> Operation:
        chance = self._random
        mirror = self._mirrors.get(number)
        if mirror and chance.random() < MIRROR_READS and not (self._is_quiet(user) and mirror.shown is None):
            return await self._follow(number, user, process, mirror)
        if user.tasks and chance.random() < 0.25:
            question = f"{LIST}/{chance.choice(list(user.tasks))}"
        else:
            [question] = chance.choices(_LISTS, cum_weights=_LIST_WEIGHTS)
            if question == ACCOUNT and self._is_quiet(user):
                question = LIST
        return await self.read(number, user, process, question, conditional=chance.random() < 0.3)

    async def _follow(self, number: int, user: User, process: int, mirror: Mirror) -> Operation:
        """One page; others write between two, and the next one may come through another process."""
        extra = f"if-none-match: {mirror.etag}\r\n" if mirror.etag and self._random.random() < 0.3 else ""
        operation = Operation(user.name, number, process, FOLLOWS, NOW(), question=LIST)
        path = mirror.path(self._random.choice(MIRROR_LIMITS))
        response = await self._ask(process, request("GET", path, user, extra))
        operation.end = NOW()
        if response:
            operation.status = response.status
            mirror.take(operation, response)
        else:
            operation.outcome = "fail"
        if operation.cache == "hit":
            self.hit[process] = operation.end
        self.operations.append(operation)
        return operation

    async def _change(self, number: int, user: User, process: int) -> Outcome:
        """A write; where there are hands, now and then theirs, or one that leaves no tombstones."""
        if self._hands is None or self._random.random() > ERASURES:
            return (await self._write(number, user, process, writes.plan(self._random, user.tasks))).outcome
        kind = self._random.random()
        if kind < 0.01:  # so seldom, or nobody would have any tasks
            return (await self._write(number, user, process, ERASE)).outcome
        if kind < 0.3:
            return (await self._write(number, user, process, EMPTY)).outcome
        operation = await self._hands.change(user.name, user.tasks)
        self.operations.append(operation)
        return "ok"

    async def _write(self, number: int, user: User, process: int, planned: Planned) -> Operation:
        operation = Operation(user.name, number, process, planned.kind, NOW(), changes=planned.changes)
        sent = request(planned.method, planned.path, user, planned.headers, planned.body)
        doubtful = False
        for attempt in range(KEY_ATTEMPTS if planned.keyed else 1):
            if attempt:
                await asyncio.sleep(PAUSE_BEFORE_RETRY * self._random.uniform(0.5, 1))
                operation.process = self._random.randrange(len(self._service.ports))
            response = await self._ask(operation.process, sent)
            operation.end = NOW()
            writes.settle(operation, planned, response, user.memory)
            if operation.outcome == "ok" or operation.fault:
                break
            doubtful |= operation.outcome == "unknown"
        if doubtful and operation.outcome == "fail":
            operation.outcome = "unknown"  # an earlier attempt may have been the one
        if operation.outcome == "ok":
            self.wrote[operation.process] = operation.end
        _learn(user, operation)
        self.operations.append(operation)
        return operation

    async def _ask(self, process: int, sent: bytes) -> Response | None:
        try:
            return await self._service.ask(process, sent)
        except NoAnswer:
            return None


def _learn(user: User, operation: Operation) -> None:
    """What the user's sessions know of their tasks after a write."""
    if operation.shown == ():
        user.tasks.pop(operation.changes[0].task, None)
    if operation.outcome == "ok":
        for change in operation.changes:
            if change.action == "delete":
                user.tasks.pop(change.task, None)
            elif change.item:
                user.tasks[change.item.id] = change.etag


def request(method: str, path: str, user: User, headers: str = "", body: bytes = b"") -> bytes:
    """The bytes of a request of that user."""
    about = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nhost: tasklane\r\n{about}{headers}"
    return head.encode() + user.authorization + b"\r\n" + body
