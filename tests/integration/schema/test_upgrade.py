"""An upgrade from what was released: the schema goes on under its processes, and both releases tell the same."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core import __version__
from tests.access.making import listed
from tests.access.making import make as make_token
from tests.calendars.dav import Dav, todo
from tests.release import RELEASES, Release
from tests.servers.address import until
from tests.stack import Stack, folder, migrate, new_user
from tests.steps import Cursor, outside

Document = dict[str, Any]


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> Iterator[Release]:
    with folder() as path:
        yield Release.checked_out(request.param, path)


@pytest.fixture
def released(release: Release) -> Iterator[Stack]:
    """With the schema of the release."""
    with folder() as path, Stack(path, migrate=release.migrate) as stack:
        yield stack


def test_both_releases_serve_the_same_tasks_while_one_follows_the_other(release: Release, released: Stack) -> None:
    """Whoever writes through one reads it at once through the other, before the migration and ever after."""
    user = new_user()
    variables = released.environment()
    old, worker = release.api(released.folder, variables), release.worker(released.folder, variables)
    released.adopt(old, worker)
    old.start()
    worker.start()
    with old.client(user) as before:
        first = make(before, "Made before the migration", due_date="2030-01-31", tags=["home"])
        assert before.get("/api/tasks").json() == [first]
        migrate(released.database_url)
        assert shown(before) == [first]
        second = make(before, "Made by the old release, in the new schema", priority="high")
        with released.api().client(user) as after:
            assert [version(client) for client in (before, after)] == [release.version, __version__]
            assert both(before, after) == [second, first]
            third = make(after, "Made by the new release", due_date="2030-02-01T09:30:00.000Z")
            assert titles(before, after) == [task["title"] for task in (third, second, first)]
            seen = {"if-match": before.get(f"/api/tasks/{first['id']}").headers["etag"]}
            after.patch(
                f"/api/tasks/{first['id']}", json={"title": "Changed by the new"}, headers=seen
            ).raise_for_status()
            assert after.patch(f"/api/tasks/{first['id']}", json={"title": "Late"}, headers=seen).status_code == 412
            before.patch(f"/api/tasks/{third['id']}", json={"title": "Changed by the old"}).raise_for_status()
            before.delete(f"/api/tasks/{second['id']}").raise_for_status()
            assert titles(before, after) == ["Changed by the old", "Changed by the new"]
            after.post(f"/api/tasks/{second['id']}/restore").raise_for_status()
            assert titles(before, after) == ["Changed by the old", second["title"], "Changed by the new"]


def make(client: httpx.Client, title: str, **members: object) -> Document:
    made: Document = client.post("/api/tasks", json={"title": title, **members}).raise_for_status().json()
    return made


def version(client: httpx.Client) -> str:
    document: Document = client.get("/openapi.json").raise_for_status().json()
    return str(document["info"]["version"])


def shown(client: httpx.Client) -> list[Document]:
    """The list as it is now, twice: as it is made, and as it is kept."""
    first, again = (client.get("/api/tasks").raise_for_status().json() for _ in range(2))
    assert first == again
    listed: list[Document] = first
    return listed


def both(before: httpx.Client, after: httpx.Client) -> list[Document]:
    """What both serve; the newer may say more of a task."""
    old, new = shown(before), shown(after)
    assert [{name: task[name] for name in known} for task, known in zip(new, old, strict=True)] == old
    return old


def titles(before: httpx.Client, after: httpx.Client) -> list[str]:
    return [task["title"] for task in both(before, after)]


def test_the_old_release_completes_what_recurs_and_makes_none(release: Release, released: Stack) -> None:
    """It knows of no series; who reopens it in the new one and completes it there goes on with it, once."""
    user = new_user()
    migrate(released.database_url)
    old, new = release.api(released.folder, released.environment()), released.api()
    released.adopt(old)
    old.start()
    with old.client(user) as before, new.client(user) as after:
        task = make(after, "Clean", due_date="2030-01-31", recurrence={"rule": "FREQ=DAILY"})
        path = f"/api/tasks/{task['id']}"
        before.patch(f"{path}/complete").raise_for_status()
        assert len(after.get("/api/tasks").json()) == 1
        after.patch(path, json={"completed": False}).raise_for_status()
        following = after.patch(path, json={"completed": True}).json()["next_id"]
        assert following
        before.patch(f"{path}/complete").raise_for_status()
        before.patch(f"{path}/complete").raise_for_status()
        assert after.get(path).json()["next_id"] == following
        assert after.patch(path, json={"completed": False}).json()["next_id"] is None
        assert titles(before, after) == ["Clean"]


def test_what_the_old_release_does_is_seen_in_calendars(release: Release, released: Stack) -> None:
    """It knows of no calendar: what it changes has another tag and keeps what was put, what it erases is gone."""
    user = new_user()
    variables = released.environment()
    old, worker = release.api(released.folder, variables), release.worker(released.folder, variables)
    released.adopt(old, worker)
    old.start()
    worker.start()
    migrate(released.database_url)
    with old.client(user) as before, released.api().client(user) as after, Dav(after, user) as dav:
        for name in ("a", "b"):
            assert dav.put(f"{name}.ics", todo(name, "X-COLOUR:blue")).status_code == 201
        put, [_, first] = dav.etags(), shown(before)
        before.patch(f"/api/tasks/{first['id']}", json={"title": "Changed by the old"}).raise_for_status()
        got = dav.send("GET", f"{dav.collection}a.ics").text
        assert "SUMMARY:Changed by the old\r\n" in got
        assert "X-COLOUR:blue\r\n" in got
        assert {name: tag == put[name] for name, tag in dav.etags().items()} == {"a.ics": False, "b.ics": True}
        before.delete(f"/api/tasks/{first['id']}").raise_for_status()
        assert list(dav.etags()) == ["b.ics"]
        before.delete("/api/account").raise_for_status()
        with outside(released.database_url) as hands:
            until(lambda: objects(hands) == 0, "nothing is kept of the account")


def objects(hands: Cursor) -> int:
    hands.execute("SELECT count(*) FROM calendar_objects")
    [(count,)] = hands.fetchall()
    return int(count)


def test_an_account_that_the_old_release_erases_has_no_tokens(release: Release, released: Stack) -> None:
    """Though it knows of none: it refuses them, and what it erases takes them along."""
    user = new_user()
    migrate(released.database_url)
    old = release.api(released.folder, released.environment())
    released.adopt(old)
    old.start()
    api = released.api()
    with old.client(user) as before, api.client(user) as after:
        made = make_token(after)
        with made.client(api.url) as program, made.client(old.url) as stranger:
            assert program.get("/api/tasks").status_code == 200
            assert stranger.get("/api/tasks").status_code == 401
            assert before.delete("/api/account").status_code == 202
            while program.get("/api/tasks").is_success:
                pass
            assert program.get("/api/tasks").status_code == 401
        assert listed(after) == []
