"""Limits per user: what reaches a route spends a token, what the cache answers does not."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
import redis

from core.types import UserId
from tests.integration.wires import rows
from tests.stack import ApiProcess, Stack, client, new_user
from tests.steps import outside, until

READS, WRITES = 4, 2
"""The most that a bucket holds; it gets a token every hundred seconds, so none comes in the middle of a test."""
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


def limited(stack: Stack, rate: str = "0.01", **others: str) -> ApiProcess:
    """An API with next to no patience."""
    bursts = {"LIMIT_READS_BURST": str(READS), "LIMIT_WRITES_BURST": str(WRITES)}
    return stack.api(start=True, LIMIT_READS_RATE=rate, LIMIT_WRITES_RATE=rate, **bursts, **others)


@pytest.fixture(scope="module")
def strict(stack: Stack) -> Iterator[ApiProcess]:
    api = limited(stack)
    yield api
    api.stop()


@pytest.fixture
def carol(strict: ApiProcess, user: UserId) -> Iterator[httpx.Client]:
    """A frontend of that API."""
    with client(strict.url, user) as carol:
        yield carol


def read(frontend: httpx.Client) -> httpx.Response:
    """A question that the cache never has the answer to."""
    return frontend.get("/api/account")


def write(frontend: httpx.Client) -> httpx.Response:
    return frontend.post("/api/tasks", json={"title": "Walk"})


def left(answer: httpx.Response, policy: str) -> int:
    """The tokens that the answer says are left."""
    match = re.fullmatch(rf'"{policy}";r=(\d+);t=\d+', answer.headers["ratelimit"])
    assert match
    return int(match[1])


def test_a_burst_is_served_and_what_follows_is_refused(carol: httpx.Client) -> None:
    """Each answer tells what is left; the refusal tells when to come back, as the draft has it."""
    answers = [read(carol) for _ in range(READS)]
    assert [answer.status_code for answer in answers] == [200] * READS
    assert [left(answer, "reads") for answer in answers] == [3, 2, 1, 0]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"reads";q=4;w=400'}
    refused = read(carol)
    problem = refused.json()
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert (problem["type"], problem["status"], problem["violated-policies"]) == (QUOTA_EXCEEDED, 429, ["reads"])
    assert isinstance(problem["detail"], str)
    assert 1 <= int(refused.headers["retry-after"]) <= 100
    assert (left(refused, "reads"), refused.headers["ratelimit-policy"]) == (0, '"reads";q=4;w=400')


def test_reads_and_writes_are_counted_apart(carol: httpx.Client) -> None:
    """Whoever may write no more can still read, and a refused write has written nothing."""
    assert [write(carol).status_code for _ in range(WRITES + 1)] == [201, 201, 429]
    assert carol.delete("/api/account").status_code == 429
    assert read(carol).json()["tasks"] == 2
    assert write(carol).json()["violated-policies"] == ["writes"]


def test_users_are_counted_apart(strict: ApiProcess, carol: httpx.Client) -> None:
    """One who asks too much takes nothing from another."""
    while read(carol).status_code != 429:
        pass
    with client(strict.url, new_user()) as other:
        assert left(read(other), "reads") == READS - 1


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/", "/api/tasks?sort=title", "/api/tasks/stats"])
@pytest.mark.parametrize("etag", [True, False], ids=["304", "hit"])
def test_answers_from_the_cache_spend_nothing(carol: httpx.Client, path: str, *, etag: bool) -> None:
    """The first one comes from PostgreSQL; hits and 304s may be had without end."""
    first = carol.get(path)
    assert left(first, "reads") == READS - 1
    headers = {"if-none-match": first.headers["etag"]} if etag else {}
    answers = [carol.get(path, headers=headers) for _ in range(5 * READS)]
    assert {(answer.status_code, answer.headers["x-cache"]) for answer in answers} == {(304 if etag else 200, "hit")}
    assert not [answer for answer in answers if "ratelimit" in answer.headers]
    assert left(read(carol), "reads") == READS - 2


def test_what_is_refused_for_another_reason_spends_too(carol: httpx.Client) -> None:
    """A faulty body or a missing task costs the service its work; a missing token does not, for nobody asks."""
    assert carol.post("/api/tasks", json={"title": ""}).status_code == 422
    assert carol.delete("/api/tasks/1").status_code == 404
    assert write(carol).status_code == 429
    for _ in range(READS + 1):
        assert carol.get("/api/tasks", headers={"authorization": "Bearer nothing"}).status_code == 401
    assert left(read(carol), "reads") == READS - 1


def test_a_bucket_fills_again(stack: Stack, carol: httpx.Client, user: UserId) -> None:
    """A token per hundred seconds, and no more than it holds; the time is that of Redis."""
    while read(carol).status_code != 429:
        pass
    with redis.Redis.from_url(stack.redis.url) as buckets:
        bucket = f"tasklane:{{{user}}}:reads"
        assert 0 < buckets.ttl(bucket) <= 401
        buckets.hincrbyfloat(bucket, "at", -200)
        assert [read(carol).status_code for _ in range(3)] == [200, 200, 429]
        buckets.hincrbyfloat(bucket, "at", -1_000_000)
        assert left(read(carol), "reads") == READS - 1


def test_without_limits_nothing_is_counted(stack: Stack, user: UserId) -> None:
    """A rate of 0 is no limit, and no header speaks of one."""
    api = limited(stack, "0")
    with client(api.url, user) as carol:
        answers = [ask(carol) for ask in (read, write) for _ in range(READS + 1)]
    assert {answer.status_code for answer in answers} == {200, 201}
    assert not [answer for answer in answers if "ratelimit" in answer.headers]
    api.stop()


@pytest.mark.anyio
async def test_without_redis_everyone_is_served(own_stack: Stack, user: UserId) -> None:
    """The limit protects the service; it must not be what stops it. It is back when Redis is."""
    api = limited(own_stack, DATABASE_TIMEOUT="5")  # which is how long a write waits for the worker
    with client(api.url, user) as carol:
        own_stack.redis.kill()
        answers = [ask(carol) for ask in (read, write) for _ in range(READS + 1)]
        assert {answer.status_code for answer in answers} == {200, 201}
        own_stack.redis.start()
        await until(lambda: "ratelimit" in read(carol).headers)
        await until(lambda: read(carol).status_code == 429)


TASKS = 5


@pytest.fixture(scope="module")
def small(stack: Stack) -> Iterator[ApiProcess]:
    """An API whose users may have few tasks."""
    api = stack.api(LIMIT_TASKS=str(TASKS))
    yield api
    api.stop()


@pytest.fixture
def dave(small: ApiProcess) -> Iterator[httpx.Client]:
    with client(small.url, new_user()) as dave:
        yield dave


def count(frontend: httpx.Client) -> int:
    return int(frontend.get("/api/account").json()["tasks"])


def fill(frontend: httpx.Client, tasks: int) -> list[str]:
    made = [frontend.post("/api/tasks", json={"title": "Walk"}) for _ in range(tasks)]
    assert {answer.status_code for answer in made} <= {201}
    return [answer.headers["location"] for answer in made]


def test_a_quota_of_tasks_is_kept_by_every_way_in(dave: httpx.Client) -> None:
    """A refusal says so, and has changed nothing; what was erased makes room, what lies in the trash does not."""
    locations = fill(dave, TASKS)
    refused = dave.post("/api/tasks", json={"title": "One more"})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:tasklane:problem:too-many-tasks")
    assert str(TASKS) in refused.json()["detail"]
    create = {"op": "create", "task": {"title": "One more"}}
    assert dave.post("/api/tasks/batch", json={"operations": [create]}).status_code == 422
    assert dave.post("/api/tasks/import", json={"tasks": [{"title": "One more"}]}).status_code == 422
    dave.delete(locations[0])
    assert dave.post("/api/tasks", json={"title": "One more"}).status_code == 422
    assert dave.patch(locations[1], json={"title": "Run"}).status_code == 200
    assert dave.post(f"{locations[0]}/restore").status_code == 200
    dave.delete(locations[0])
    assert count(dave) == TASKS
    assert dave.delete("/api/tasks/trash").status_code == 204
    assert dave.post("/api/tasks", json={"title": "One more"}).status_code == 201


def test_a_batch_makes_as_many_as_there_is_room_for(dave: httpx.Client) -> None:
    """One whose operations are for themselves; an atomic one makes none; an import makes all or none."""
    fill(dave, TASKS - 2)
    create = {"op": "create", "task": {"title": "One more"}}
    atomic = dave.post("/api/tasks/batch", json={"operations": [create] * 3})
    assert (atomic.status_code, count(dave)) == (422, TASKS - 2)
    assert [result["status"] for result in atomic.json()["results"]] == [424, 424, 422]
    imported = dave.post("/api/tasks/import", json={"tasks": [{"title": "One more"}] * 3})
    assert (imported.status_code, count(dave)) == (422, TASKS - 2)
    single = dave.post("/api/tasks/batch", json={"atomic": False, "operations": [create] * 4}).json()
    assert [result["status"] for result in single["results"]] == [201, 201, 422, 422]
    assert count(dave) == TASKS


@pytest.mark.anyio
async def test_nobody_is_beyond_the_quota_however_many_ask_at_once(small: ApiProcess, dave: httpx.Client) -> None:
    """Of many creates and imports at the same time exactly as many tasks are made as there is room for."""
    async with httpx.AsyncClient(base_url=small.url, headers=dave.headers, timeout=60) as at_once:
        asked = [at_once.post("/api/tasks", json={"title": "Walk"}) for _ in range(20)]
        answers = await asyncio.gather(*asked)
    assert Counter(answer.status_code for answer in answers) == {201: TASKS, 422: 20 - TASKS}
    assert count(dave) == TASKS


def test_a_list_that_is_not_counted_has_a_quota_too(stack: Stack, small: ApiProcess, user: UserId) -> None:
    """As one from before there were counters: then the tasks are counted."""
    with client(small.url, user) as dave, outside(stack.database_url) as other:
        fill(dave, TASKS - 1)
        rows(other, "UPDATE task_lists SET live = NULL, in_trash = NULL WHERE user_id = %s", user)
        fill(dave, 1)
        assert dave.post("/api/tasks", json={"title": "One more"}).status_code == 422
