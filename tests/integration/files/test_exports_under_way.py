"""Exports that take their time: of one moment, in nobody's way, and whole or broken off."""

import http.client
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from core.database import streams
from core.errors import DatabaseUnavailable
from core.tasks import bulk
from core.types import UserId
from tests.integration.files.download import Download
from tests.integration.files.lists import MANY, export, seed
from tests.integration.wires import named, rows
from tests.stack import ApiProcess, Stack, client, new_user
from tests.steps import outside, process, until

EXPORTING = """
    SELECT xact_start FROM pg_stat_activity
    WHERE application_name = %s AND query LIKE 'FETCH%%' AND xact_start IS NOT NULL
"""


@pytest.fixture(scope="module")
def crowd(stack: Stack) -> UserId:
    """A user with many tasks."""
    user = new_user()
    seed(stack, user, MANY)
    return user


@pytest.fixture(scope="module")
def exporter(stack: Stack) -> Iterator[tuple[ApiProcess, str]]:
    """An API for slow downloads, and the name of its sessions in PostgreSQL."""
    url, name = named(stack.database_url)
    api = stack.api(DATABASE_URL=url)
    yield api, name
    api.stop()


@pytest.mark.anyio
async def test_an_export_shows_one_moment_though_writes_go_on(
    stack: Stack, exporter: tuple[ApiProcess, str], alice: httpx.Client, user: UserId
) -> None:
    """Tasks that are changed, deleted and made while it is read: it has them all as they were when it began."""
    api, name = exporter
    seed(stack, user, MANY)
    with closing(Download(api, user)) as download, outside(stack.database_url) as other:
        await until(lambda: bool(rows(other, EXPORTING, name)))
        began = rows(other, EXPORTING, name)
        rows(other, "UPDATE tasks SET title = 'Changed' WHERE user_id = %s AND id %% 2 = 0", user)
        rows(other, "DELETE FROM tasks WHERE user_id = %s AND id %% 3 = 0", user)
        made = post(alice, "New")
        assert (made.status_code, rows(other, EXPORTING, name)) == (201, began)
        titles = [task["title"] for task in json.loads(download.head + download.rest())["tasks"]]
    assert titles == [f"Task {number}" for number in range(1, MANY + 1)]


@pytest.mark.anyio
async def test_a_reader_who_leaves_frees_the_connection(stack: Stack, crowd: UserId) -> None:
    """In the middle of the download; with a single connection, the next request would wait for it in vain."""
    url, name = named(stack.database_url)
    api = stack.api(DATABASE_URL=url, DATABASE_POOL_SIZE="1")
    with outside(stack.database_url) as other, client(api.url, new_user()) as bob:
        with closing(Download(api, crowd)) as download:
            assert download.status == 200
            await until(lambda: bool(rows(other, EXPORTING, name)))
        await until(lambda: not rows(other, EXPORTING, name))
        assert post(bob, "Walk").status_code == 201
    api.stop()
    assert '"error"' not in api.log.read_text()  # nobody has to look into it


@pytest.mark.anyio
async def test_exports_leave_connections_to_others(
    stack: Stack, exporter: tuple[ApiProcess, str], crowd: UserId, user: UserId
) -> None:
    """With four under way a fifth is asked to come back later; other requests are served; whoever ends makes room.

    One user has one: another of their own is refused, too.
    """
    api, _ = exporter
    crowds = [crowd, *(new_user() for _ in range(3))]
    for other in crowds[1:]:
        seed(stack, other, MANY)
    with ExitStack() as downloads, client(api.url, user) as alice:
        first, second, third = (downloads.enter_context(closing(Download(api, other))) for other in crowds[:3])
        with client(api.url, crowd) as again:
            assert export(again).status_code == 503
        downloads.enter_context(closing(Download(api, crowds[3])))
        busy = export(alice)
        assert (busy.status_code, busy.headers["content-type"]) == (503, "application/problem+json")
        assert int(busy.headers["retry-after"]) > 0
        assert post(alice, "Walk").status_code == 201
        first.close()
        third.close()
        await until(lambda: export(alice).status_code == 200)
        assert len(json.loads(second.head + second.rest())["tasks"]) == MANY


@pytest.mark.anyio
async def test_an_export_that_breaks_does_not_look_complete(
    stack: Stack, exporter: tuple[ApiProcess, str], crowd: UserId
) -> None:
    """When PostgreSQL goes away in the middle the download ends without its end, and the reader knows."""
    api, name = exporter
    with closing(Download(api, crowd)) as download, outside(stack.database_url) as other:
        await until(lambda: bool(rows(other, EXPORTING, name)))
        rows(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", name)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            download.rest()


@pytest.mark.anyio
async def test_a_reader_who_is_too_slow_loses_the_connection(
    stack: Stack, crowd: UserId, user: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others wait for it. What they read afterwards ends in an error, not early."""
    monkeypatch.setattr(streams, "PATIENCE_SECONDS", 0.1)
    async with process(stack.settings(DATABASE_POOL_SIZE="1")) as parts:
        batches = parts.lists.stream(crowd, bulk.EXPORT, bulk.ALL)
        assert await anext(batches)
        await parts.add_task(user, "Walk")
        with pytest.raises(DatabaseUnavailable):
            await drain(batches)


async def drain(batches: AsyncIterator[object]) -> None:
    async for _ in batches:
        pass


def post(frontend: httpx.Client, title: str) -> httpx.Response:
    return frontend.post("/api/tasks", json={"title": title})
