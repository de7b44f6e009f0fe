"""People with task lists, as their browsers behave: each checks every answer against what they did before.

A user's requests follow one another, so what the service must say is known exactly: each write that was acknowledged,
nothing else, and nobody else's. A wrong answer is a failure, and a run with a failure ends with exit code 1.

Black box: it needs a base URL (`--host`) and, to sign tokens, BETTER_AUTH_SECRET (AUTH_ISSUER and AUTH_AUDIENCE where
the service checks them). docs/performance/README.md says how it is run on several machines.
"""

import contextlib
import http.client
import json
import os
import random
import secrets
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import gevent.event  # type: ignore[import-untyped]  # it has none that mypy finds
import jwt
from locust import FastHttpUser, between, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

SECRET = os.environ.get("BETTER_AUTH_SECRET", "")
THINK_SECONDS = float(os.environ.get("THINK", "0.5"))
"""The mean pause between two requests of a user."""

TOKEN_SECONDS = 600
MOST_TASKS = 40
PRIORITIES = ("low", "medium", "high", "urgent")
LIST = "/api/tasks"
EVENTS = f"{LIST}/events"
SILENCE_SECONDS = 60
LATEST_SECONDS = 30
"""After this a change that was acknowledged counts as missed."""

Task = dict[str, Any]
Seen = tuple[int, str | None]
"""A task's id and when it was changed last; None: it is deleted."""

strangers: deque[tuple[str, int]] = deque(maxlen=1000)
"""Tasks that were made lately in this process, with their owners."""


class Person(FastHttpUser):
    """One user with an own token. `mine` is what the service must show, while that is `certain`."""

    weight = 4
    wait_time = between(0.1 * THINK_SECONDS, 1.9 * THINK_SECONDS)
    network_timeout = connection_timeout = 30.0

    def on_start(self) -> None:
        self.name = f"load-{secrets.token_hex(8)}"
        self.mine: dict[int, Task] = {}
        self.certain = True
        self._etag: str | None = None
        self._shown: dict[int, Task] = {}
        self._renew_at = 0.0

    @task(40)
    def read_list(self) -> None:
        self._read_list()

    @task(20)
    def read_list_again(self) -> None:
        """As a browser does that has the list: 304 if nothing has changed since, and only then."""
        self._read_list(self._etag)

    @task(10)
    def read_task(self) -> None:
        if self.mine and self.certain:
            wanted = self._any_task()
            with self._ask("GET", f"{LIST}/{wanted['id']}", LIST + "/{id}") as answer:
                if body := self._expect(answer, 200):
                    self._compare(answer, body, wanted)

    @task(10)
    def create(self) -> None:
        new = _written()
        with self._ask("POST", LIST, LIST, json=new) as answer:
            if (made := self._changed(answer, 201)) and self._agrees(answer, made, {"completed": False, **new}):
                self._wrote(made["id"], made)
                strangers.append((self.name, made["id"]))

    @task(6)
    def update(self) -> None:
        if self.mine and self.certain:
            before = self._any_task()
            changes = dict(random.sample(sorted(_written().items()), k=2))
            verb = random.choice(("PUT", "PATCH"))
            with self._ask(verb, f"{LIST}/{before['id']}", LIST + "/{id}", json=changes) as answer:
                expected = {**_lasting(before), **changes}
                if (after := self._changed(answer, 200)) and self._agrees(answer, after, expected):
                    self._wrote(before["id"], after)

    @task(8)
    def toggle(self) -> None:
        if self.mine and self.certain:
            before = self._any_task()
            with self._ask("PATCH", f"{LIST}/{before['id']}/complete", LIST + "/{id}/complete") as answer:
                expected = {**_lasting(before), "completed": not before["completed"]}
                if (after := self._changed(answer, 200)) and self._agrees(answer, after, expected):
                    self._wrote(before["id"], after)

    @task(4)
    def delete(self) -> None:
        self._delete()

    @task(2)
    def read_a_strangers_task(self) -> None:
        """It must look as if it did not exist."""
        others = [number for owner, number in strangers if owner != self.name]
        if others:
            with self._ask("GET", f"{LIST}/{random.choice(others)}", LIST + "/{a stranger's}") as answer:
                self._expect(answer, 404)

    def _read_list(self, etag: str | None = None) -> None:
        headers = {"If-None-Match": etag} if etag else {}
        with self._ask("GET", LIST, LIST, headers=headers) as answer:
            if etag and answer.status_code == 304:
                if self.certain and self.mine != self._shown:
                    answer.failure("304, though the list has changed")
                else:
                    answer.success()
                    self.mine, self.certain = dict(self._shown), True
            elif (tasks := self._expect(answer, 200)) is not None:
                self._take_list(answer, tasks, etag)
        if len(self.mine) > MOST_TASKS:
            self._delete()

    def _take_list(self, answer: Any, tasks: list[Task], etag: str | None) -> None:
        if any(item["user_id"] != self.name for item in tasks):
            answer.failure("the list has a task of somebody else")
            return
        shown = {item["id"]: item for item in tasks}
        total, new_etag = answer.headers.get("x-total-count"), answer.headers.get("etag")
        if total != str(len(shown)):
            answer.failure(f"X-Total-Count is {total} for {len(shown)} tasks")
        elif self.certain and shown != self.mine:
            answer.failure(_difference(shown, self.mine))
        elif etag and new_etag == etag:
            answer.failure("a list that has not changed was sent again")
        self.mine, self.certain = shown, True
        self._etag, self._shown = new_etag, dict(shown)

    def _delete(self) -> None:
        if self.mine and self.certain:
            number = self._any_task()["id"]
            with self._ask("DELETE", f"{LIST}/{number}", LIST + "/{id}") as answer:
                if self._changed(answer, 204) is not None:
                    self._wrote(number, None)

    def _ask(self, method: str, path: str, name: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        all_headers = {"Authorization": f"Bearer {self._token()}", **(headers or {})}
        return self.client.request(method, path, name=name, headers=all_headers, catch_response=True, **more)

    def _expect(self, answer: Any, status: int) -> Any:
        """The body, if the status is this one; None and a failure if not."""
        if answer.status_code != status:
            answer.failure(f"{status} was due, not {answer.status_code}: {(answer.text or str(answer.error))[:200]}")
            return None
        answer.success()
        return json.loads(answer.text) if answer.text else {}

    def _changed(self, answer: Any, status: int) -> Any:
        """As `_expect`, for a write: nobody knows whether one that failed was done, until the next read of the list."""
        body = self._expect(answer, status)
        self.certain = self.certain and body is not None
        return body

    def _agrees(self, answer: Any, shown: Task, expected: Task) -> bool:
        """Whether a write was done as it was asked for; else nothing is certain."""
        wrong = [name for name, value in {**expected, "user_id": self.name}.items() if shown.get(name) != value]
        if wrong:
            answer.failure(f"not as it was written: {', '.join(sorted(wrong))}")
            self.certain = False
        return not wrong

    def _wrote(self, number: int, after: Task | None) -> None:
        """What a write that was acknowledged has made of a task; None: it is gone."""
        if after is None:
            del self.mine[number]
        else:
            self.mine[number] = after

    def _compare(self, answer: Any, shown: Task, wanted: Task) -> None:
        if shown != wanted:
            answer.failure(_difference({shown.get("id", 0): shown}, {wanted["id"]: wanted}))

    def _any_task(self) -> Task:
        return self.mine[random.choice(list(self.mine))]

    def _token(self) -> str:
        now = time.time()
        if now > self._renew_at:
            claims = {
                "sub": self.name,
                "iat": int(now),
                "exp": int(now) + TOKEN_SECONDS,
                "iss": os.environ.get("AUTH_ISSUER"),
                "aud": os.environ.get("AUTH_AUDIENCE"),
            }
            self._bearer = jwt.encode({name: value for name, value in claims.items() if value}, SECRET, "HS256")
            self._renew_at = now + TOKEN_SECONDS / 2
        return self._bearer


class Ledger:
    """What was acknowledged to a user and what was told them, each in its order, until the two have met.

    What is told may be ahead of its acknowledgement, and of several changes of a task only the last may be told.
    """

    def __init__(self) -> None:
        self._acknowledged: deque[tuple[Seen, float]] = deque()
        self._told: deque[Seen] = deque()

    def acknowledge(self, change: Seen, at: float) -> None:
        self._acknowledged.append((change, at))

    def tell(self, changes: Iterable[Seen]) -> None:
        self._told += changes

    def settle(self) -> Iterator[tuple[float, str]]:
        """For each change that has met its like: when it was acknowledged, and what is wrong, if anything is."""
        while self._told and self._acknowledged:
            first, at = self._acknowledged.popleft()
            if self._told[0] == first:
                self._told.popleft()
                yield at, ""
            elif not self._is_outdone(first):
                self._told.clear()
                yield at, "something else was told than what was acknowledged first"

    def waits_since(self, now: float) -> float:
        """When the first was acknowledged that has not been told; now, if there is none."""
        return self._acknowledged[0][1] if self._acknowledged else now

    def _is_outdone(self, change: Seen) -> bool:
        """Whether a later change of the same task was acknowledged, or told before its acknowledgement has come."""
        if change in self._told:  # but not in its turn
            return False
        later = (*(acknowledged for acknowledged, _ in self._acknowledged), *self._told)
        return any(number == change[0] for number, _ in later)


class Follower(Person):
    """A person with a stream of events, who must learn of each change that was acknowledged, once and in order."""

    weight = 1

    def on_start(self) -> None:
        super().on_start()
        self._ledger = Ledger()
        self._since = ""
        self._whole = gevent.event.Event()
        self._following = gevent.Greenlet()
        self.create()  # who follows a list from before its first change is not told of what has come and gone meanwhile
        self._watch()

    def on_stop(self) -> None:
        self._following.kill()

    def _wrote(self, number: int, after: Task | None) -> None:
        super()._wrote(number, after)
        if self._whole.is_set():
            self._ledger.acknowledge((number, str(after["updated_at"]) if after else None), time.perf_counter())
            self._reconcile()

    def _changed(self, answer: Any, status: int) -> Any:
        body = super()._changed(answer, status)
        if not self.certain:  # nobody knows what will be told: begin anew
            self._following.kill()
            self._begin_anew()
            self._watch()
        return body

    def _watch(self) -> None:
        """Return when the list is whole: what is written from now on must be told."""
        self._following = gevent.spawn(self._follow)
        self._whole.wait(LATEST_SECONDS)

    def _follow(self) -> None:
        while True:
            try:
                self._read_stream()
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._report(0, error)
            gevent.sleep(random.uniform(0.2, 2))

    def _read_stream(self) -> None:
        """Until it ends; only what comes after the first whole list is compared."""
        address = urlsplit(self.host or "")
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=SILENCE_SECONDS)
        with contextlib.closing(connection):
            resumed = {"Last-Event-ID": self._since} if self._since else {}
            connection.request("GET", EVENTS, headers={"Authorization": f"Bearer {self._token()}", **resumed})
            answer = connection.getresponse()
            if answer.status == 410:
                self._begin_anew()
            if answer.status != 200:
                raise ValueError(f"200 was due, not {answer.status}")
            name = ""
            for line in iter(lambda: answer.readline().decode(), ""):
                field, _, value = line.rstrip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and name == "changes":
                    page = json.loads(value)
                    if self._whole.is_set():
                        self._learn(page)
                    elif not page["more"]:
                        self._whole.set()
                    self._since = page["next"]

    def _learn(self, page: Any) -> None:
        if page["next"] == self._since:
            self._report(0, ValueError("an event was sent twice"))
        self._ledger.tell((change["id"], change.get("updated_at")) for change in page["changes"])
        self._reconcile()

    def _reconcile(self) -> None:
        now = time.perf_counter()
        for since, fault in self._ledger.settle():
            self._report(0 if fault else max(0.0, now - since), ValueError(fault) if fault else None)
        if now - self._ledger.waits_since(now) > LATEST_SECONDS:
            self._report(0, ValueError(f"an acknowledged change was not told in {LATEST_SECONDS} s"))
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._since = ""
        self._whole.clear()
        self._ledger = Ledger()

    def _report(self, seconds: float, error: Exception | None = None) -> None:
        self.environment.events.request.fire(
            request_type="EVENT", name=EVENTS, response_time=1000 * seconds, response_length=0, exception=error
        )


def _written() -> Task:
    """A task as somebody types it."""
    return {
        "title": f"Load {secrets.token_hex(4)} naïve ✓",
        "description": random.choice((None, "two\nlines", "x" * 300)),
        "priority": random.choice(PRIORITIES),
        "due_date": random.choice((None, "2031-02-03", "2031-02-03T04:05:06.000Z")),
        "tags": random.sample(("home", "work", "garden", "später"), k=random.randint(0, 3)),
    }


def _lasting(before: Task) -> Task:
    """What a write keeps unless it is asked to change it."""
    return {name: value for name, value in before.items() if name not in ("updated_at", "completed_at", "etag")}


def _difference(shown: dict[int, Task], wanted: dict[int, Task]) -> str:
    """A sentence without anybody's text in it."""
    missing, surplus = wanted.keys() - shown.keys(), shown.keys() - wanted.keys()
    stale = [number for number in wanted.keys() & shown.keys() if wanted[number] != shown[number]]
    return f"{len(missing)} acknowledged tasks missing, {len(surplus)} too many, {len(stale)} not as written"


@events.init.add_listener  # type: ignore[untyped-decorator]  # locust's
def _check_secret(**_: object) -> None:
    if not SECRET:
        raise SystemExit("BETTER_AUTH_SECRET is not set: the users cannot sign their tokens")


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # locust's
def _nothing_is_no_success(environment: Environment, **_: object) -> None:
    if not isinstance(environment.runner, WorkerRunner) and environment.stats.total.num_requests == 0:
        environment.process_exit_code = 1
