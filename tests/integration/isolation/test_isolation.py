"""Whose tasks they are: for everyone else they do not exist, on any route, by any name, and below the API as well."""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, LiteralString
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg2
import pytest
from fastapi.routing import iter_route_contexts
from psycopg2 import errors

from api import main
from api.http.aliases import BY_USER, PREFIXES, TASKS
from api.services import Services
from core.database.transaction import Row, Transaction
from core.errors import NotFound
from core.lists.lists import AS_USER, Change, Lists
from core.lists.stand import STAND
from core.tasks import bulk, crud, pages, tags
from core.tasks.fields import function
from core.tasks.questions.queries import ListQuery, StatsQuery
from core.tasks.sync import changes
from core.tasks.tree import moves, places
from core.tasks.tree.moves import Move
from core.types import MAX_TASK_ID, TaskId, UserId
from tests.stack import ApiProcess, Stack, client, new_user
from tests.tokens import SECRET, auth_settings
from tests.watchers import begun

MARK = "alice-only-7f3a"
KEY = "the-same-key"

Body = Callable[[int], object]
RECURRING = {"due_date": "2026-03-01", "recurrence": {"rule": "FREQ=DAILY"}}


def operations(task: int) -> list[dict[str, object]]:
    """All that a batch can do to a task."""
    return [
        {"op": "update", "id": task, "task": {"title": "Mine now"}},
        {"op": "complete", "id": task},
        {"op": "complete", "id": task, "completed": True},
        {"op": "move", "id": task},
        {"op": "delete", "id": task},
        {"op": "restore", "id": task},
    ]


# Per route what an intruder sends. A route that is not in here fails the first test.
ROUTES: Mapping[tuple[str, str], Body | None] = {
    ("GET", "/api/tasks"): None,
    ("POST", "/api/tasks"): lambda task: {"id": task, "title": "Mine now"},
    ("POST", "/api/tasks/batch"): lambda task: {"atomic": False, "operations": operations(task)},
    ("POST", "/api/tasks/import"): lambda task: {"tasks": [{"id": task, "user_id": "mine", "title": "Mine now"}]},
    ("GET", "/api/tasks/export"): None,
    ("GET", "/api/tasks/stats"): None,
    ("GET", "/api/tasks/changes"): None,
    ("GET", "/api/tasks/events"): None,
    ("POST", "/api/tasks/tags/rename"): lambda _: {"from": MARK, "to": "mine"},
    ("GET", "/api/tasks/trash"): None,
    ("DELETE", "/api/tasks/trash"): None,
    ("GET", "/api/tasks/{task_id}"): None,
    ("GET", "/api/tasks/{task_id}/occurrences"): None,
    ("PUT", "/api/tasks/{task_id}"): lambda _: {"title": "Mine now", "user_id": "mine"},
    ("PATCH", "/api/tasks/{task_id}"): lambda _: {"title": "Mine now", "user_id": "mine"},
    ("DELETE", "/api/tasks/{task_id}"): None,
    ("PATCH", "/api/tasks/{task_id}/complete"): lambda _: {"completed": True},
    ("PATCH", "/api/tasks/{task_id}/toggle"): lambda _: {},
    ("POST", "/api/tasks/{task_id}/move"): lambda task: {"after": task, "parent_id": task},
    ("POST", "/api/tasks/{task_id}/restore"): lambda _: {},
    ("GET", "/api/account"): None,
    ("DELETE", "/api/account"): None,
    ("GET", "/api/account/tokens"): None,
    ("POST", "/api/account/tokens"): lambda _: {"name": "Mine now", "scopes": ["tasks:read"]},
    ("DELETE", "/api/account/tokens/{token_id}"): None,
}
ALL = list(ROUTES)
OF_A_TASK = [route for route in ALL if "{task_id}" in route[1]]
OF_EVERYTHING = [route for route in ALL if "{" not in route[1]]
WITH_ALIAS = [route for route in ALL if route[1].startswith("/api/tasks")]


def alias(path: str) -> str:
    return path.replace("/api/tasks", "/api/{user_id}/tasks", 1)


def forms(path: str) -> list[str]:
    """By every path that names a task of somebody, documented or not."""
    prefixes = (TASKS, BY_USER, *PREFIXES)
    return [path.replace("/api/tasks", prefix, 1) + slash for prefix in prefixes for slash in ("", "/")]


@dataclass(frozen=True, slots=True)
class Victim:
    """What is Alice's, and the names that others could use for it."""

    user: UserId
    live: int
    deleted: int
    etag: str
    cursor: str
    since: str
    database: Any

    @property
    def rows(self) -> list[Row]:
        """Every row of hers."""
        found: list[Row] = []
        for table in ROWS:
            columns = "revision" if table == "task_lists" else "*"  # what is published is the worker's affair
            self.database.execute(f"SELECT {columns} FROM {table} t WHERE user_id = %s ORDER BY t", (self.user,))
            found += self.database.fetchall()
        return found


def new_victim(api: ApiProcess, database: Any) -> Victim:
    """A user with two live tasks and a deleted one, all recurring, who has used a key and has all in the cache."""
    user = new_user()
    with client(api.url, user) as alice:
        made = [
            alice.post(
                "/api/tasks",
                json={"title": f"{MARK} {number}", "description": MARK, "tags": [MARK], **RECURRING},
                headers={"idempotency-key": f"{KEY}-{number}" if number else KEY},
            ).json()["id"]
            for number in range(3)
        ]
        alice.delete(f"/api/tasks/{made[2]}")
        for path in ("", "/changes", "/trash", "/stats", f"/{made[0]}"):
            alice.get(f"/api/tasks{path}")
        link = urlsplit(alice.get("/api/tasks?limit=1").headers["link"].partition(">")[0].removeprefix("<"))
        etag = alice.get(f"/api/tasks/{made[0]}").headers["etag"]
        since = alice.get("/api/tasks/changes").json()["next"]
    return Victim(user, made[0], made[2], etag, parse_qs(link.query)["cursor"][0], since, database)


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Any]:
    """A cursor of the database's owner, whom no policy stops."""
    with closing(psycopg2.connect(stack.database_url)) as connection, connection.cursor() as database:
        connection.autocommit = True
        yield database


@pytest.fixture(scope="module", params=["true", "false"], ids=["direct", "plain"])
def api(request: pytest.FixtureRequest, stack: Stack) -> ApiProcess:
    """With the protocol that answers hits where the bytes arrive, and without."""
    return stack.api(CORS_ORIGINS="http://localhost:3000", DIRECT_HITS=request.param)


@pytest.fixture(scope="module")
def victim(api: ApiProcess, database: Any) -> Victim:
    """Alice, for all tests together: none of them may change anything of hers."""
    return new_victim(api, database)


def attack(attacker: httpx.Client, route: tuple[str, str], path: str, task: int, **headers: str) -> httpx.Response:
    body = ROUTES[route]
    if route[1].endswith("/events"):
        return begun(attacker, path, **headers)
    return attacker.request(
        route[0], path, content=None if body is None else json.dumps(body(task)), headers={**TYPE, **headers}
    )


TYPE = {"content-type": "application/json"}


def owner_of(frontend: httpx.Client) -> str:
    """The user id of a client, as the API tells it."""
    user: str = frontend.get("/api/account").json()["user_id"]
    return user


def test_every_route_is_attacked_here() -> None:
    """A route that is new, or that one of the two forms of the path lacks, is not forgotten."""
    app = main._routes(main._services(auth_settings(secret=SECRET)))
    served = {
        (method, route.path_format)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if route.path_format and route.path_format.startswith("/api")
    }
    of_tasks = {(method, alias(path)) for method, path in ROUTES if path.startswith("/api/tasks")}
    assert served == set(ROUTES) | of_tasks


@pytest.mark.parametrize("route", OF_A_TASK, ids=" ".join)
def test_someone_elses_task_looks_like_none(bob: httpx.Client, victim: Victim, route: tuple[str, str]) -> None:
    """By every path that names it, with every condition, the answer is that of an id that never was."""
    before = victim.rows
    bobs = owner_of(bob)
    names = ("if-match", "if-none-match")
    conditions: list[dict[str, str]] = [{}, *({name: tag} for name in names for tag in (victim.etag, "*"))]
    for form in forms(route[1]):
        missing = attack(bob, route, form.format(user_id=bobs, task_id=MAX_TASK_ID), MAX_TASK_ID)
        assert missing.status_code == 404
        for task in (victim.live, victim.deleted):
            for user in {bobs, victim.user} if "{user_id}" in form else {bobs}:
                for condition in conditions:
                    answer = attack(bob, route, form.format(user_id=user, task_id=task), task, **condition)
                    assert (answer.status_code, answer.json()) == (404, missing.json()), (form, user, condition)
    assert victim.rows == before


@pytest.mark.parametrize("route", WITH_ALIAS, ids=" ".join)
def test_someone_elses_user_id_looks_like_none(bob: httpx.Client, victim: Victim, route: tuple[str, str]) -> None:
    """Under a path that names another user there is nothing, cached or not, in the same words as under no user."""
    before = victim.rows
    for form in [form for form in forms(route[1]) if "{user_id}" in form]:
        missing = attack(bob, route, form.format(user_id=new_user(), task_id=victim.live), victim.live)
        answer = attack(bob, route, form.format(user_id=victim.user, task_id=victim.live), victim.live)
        assert (answer.status_code, answer.json()) == (404, missing.json()), form
    assert victim.rows == before


@pytest.mark.parametrize("route", OF_EVERYTHING, ids=" ".join)
def test_a_users_own_routes_neither_show_nor_touch_others(
    bob: httpx.Client, victim: Victim, route: tuple[str, str]
) -> None:
    """Whatever someone asks for on their own path, with another's ids in the body, the other is not concerned."""
    before = victim.rows
    answer = attack(bob, route, route[1], victim.live)
    assert answer.is_success, answer.text
    assert MARK not in answer.text + str(answer.headers)
    assert victim.user not in answer.text
    assert victim.rows == before


@pytest.mark.parametrize("route", ALL, ids=" ".join)
def test_without_a_token_nothing_is_there(api: ApiProcess, victim: Victim, route: tuple[str, str]) -> None:
    """Every route asks first who it is, and tells strangers neither what exists nor what is wrong with their input."""
    before = victim.rows
    with httpx.Client(base_url=api.url, headers=TYPE, timeout=60, verify=False) as stranger:
        for form, task, authorization in product(
            set(forms(route[1])), (str(victim.live), "no-number"), (None, "Bearer", "Bearer a.b.c", "Basic YTpi")
        ):
            path = form.format(user_id=victim.user, task_id=task, token_id=task)
            headers = {} if authorization is None else {"authorization": authorization}
            body = None if route[0] in ("GET", "DELETE") else b"{"
            answer = stranger.request(route[0], path, content=body, headers=headers)
            assert answer.status_code == 401, (path, authorization)
            assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
            assert MARK not in answer.text
    assert victim.rows == before


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"search={MARK}",
        f"tag={MARK}",
        "limit=1000&sort=title",
        "status=pending",
        "offset=1",
        "user_id={user}",
        "owner={user}&userId={user}",
    ],
)
def test_no_query_reaches_into_another_list(bob: httpx.Client, victim: Victim, query: str) -> None:
    """Filters choose among one's own tasks; what is no filter is refused."""
    mine = bob.post("/api/tasks", json={"title": "Mine", "tags": ["mine"]}).json()
    for path in ("/api/tasks", "/api/tasks/trash"):
        answer = bob.get(f"{path}?{query.format(user=victim.user)}")
        assert answer.status_code in (200, 422)
        assert victim.user not in answer.text
        assert answer.status_code == 422 or answer.json() in ([], [mine])
        assert answer.headers.get("x-total-count", "0") in ("0", "1")


def test_someone_elses_cursor_continues_ones_own_list(bob: httpx.Client, victim: Victim) -> None:
    """A cursor holds a place in an order and no right to anything."""
    before = victim.rows
    bob.post("/api/tasks", json={"title": "Mine"})
    answer = bob.get("/api/tasks", params={"cursor": victim.cursor, "limit": "1"})
    assert answer.status_code == 200
    assert answer.json() == []  # bob's only task is newer than the place
    assert answer.headers["x-total-count"] == "1"
    assert victim.rows == before


def test_someone_elses_token_tells_nothing(bob: httpx.Client, victim: Victim) -> None:
    """Not even whether their list has changed: its bearer is told to begin anew."""
    bob.post("/api/tasks", json={"title": "Mine"})
    for _ in range(2):  # through the routes, and where hits are made
        answer = bob.get("/api/tasks/changes", params={"since": victim.since})
        assert answer.status_code == 410
        assert MARK not in answer.text
    [mine] = bob.get("/api/tasks/changes").json()["changes"]
    assert mine["title"] == "Mine"


@pytest.mark.parametrize("body", [{"title": f"{MARK} 0", "description": MARK, "tags": [MARK]}, {"title": "Mine"}])
def test_a_key_is_ones_own(bob: httpx.Client, victim: Victim, body: dict[str, object]) -> None:
    """The key that another has used gives no replay, no conflict, and another task."""
    before = victim.rows
    answer = bob.post("/api/tasks", json=body, headers={"idempotency-key": KEY})
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers
    assert answer.json()["user_id"] != victim.user
    assert answer.json()["id"] != victim.live
    assert victim.rows == before


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("operation", range(len(operations(0))))
def test_a_batch_does_not_find_someone_elses_task(
    bob: httpx.Client,
    victim: Victim,
    atomic: bool,  # noqa: FBT001
    operation: int,
) -> None:
    """Each operation on it fails as on an id that never was, with and without `if_match`."""
    before = victim.rows
    for condition in ({}, {"if_match": victim.etag}):
        found = [
            bob.post(
                "/api/tasks/batch",
                json={"atomic": atomic, "operations": [operations(task)[operation] | condition]},
            )
            for task in (victim.live, victim.deleted, MAX_TASK_ID)
        ]
        assert len({answer.status_code for answer in found}) == 1
        assert found[0].is_success is not atomic
        assert found[0].json() == found[1].json() == found[2].json()
        assert [result["status"] for result in found[0].json()["results"]] == [404]
    assert victim.rows == before


# Below the API: the statements of core/, with their first wall taken down.

PREDICATE: LiteralString = "user_id = %(owner)s"
_OWNER = re.compile(r"\b(\w+\.)?" + re.escape(PREDICATE))
OF_THE_LIST: LiteralString = "FROM task_lists WHERE " + PREDICATE
WITHOUT_ROLE: LiteralString = AS_USER.replace("set_config('role', 'tasklane_user', true),", "")
WITHOUT_USER: LiteralString = AS_USER.replace(" set_config('app.user_id', %(owner)s, true),", "")

ROWS: Mapping[str, LiteralString] = {
    "task_lists": "INSERT INTO task_lists (user_id) VALUES (%(user)s);",
    "tasks": "INSERT INTO tasks (user_id, title) VALUES (%(user)s, 'x');",
    "idempotency_keys": "INSERT INTO idempotency_keys VALUES (%(user)s, 'x', '', 201, '{}', '', now());",
    "account_erasures": "INSERT INTO account_erasures (user_id) VALUES (%(user)s);",
    "access_tokens": "INSERT INTO access_tokens (user_id, digest, name, scopes)"
    " VALUES (%(user)s, sha256(convert_to(%(user)s, 'UTF8')), 'x', '{tasks:read}');",
    "crowded_lists": "INSERT INTO crowded_lists (user_id) VALUES (%(user)s);",
    "calendar_objects": "INSERT INTO calendar_objects (user_id, task_id, kept)"
    " SELECT %(user)s, coalesce((SELECT max(id) FROM tasks WHERE user_id = %(user)s), 0), 'x';",
}
FOREIGN_WRITES: tuple[LiteralString, ...] = (
    "UPDATE tasks SET user_id = %(user)s",
    "SELECT tasklane_advance(%(user)s)",
    "SELECT " + function("insert") + "(%(user)s, 'x')",
)
READS: Mapping[str, Callable[[Transaction, TaskId], str]] = {
    "get": lambda transaction, task: crud.get(transaction, task)[0].json,
    "list": lambda transaction, _: pages.page(transaction, ListQuery(sort="updated")).json,
    "trash": lambda transaction, _: pages.page(transaction, ListQuery(trash=True)).json,
    "changes": lambda transaction, _: str(transaction.execute(changes._PAGE, limit=10**6, **changes.beginning(None))),
    "stats": lambda transaction, _: pages.stats(transaction, StatsQuery()).json,
    "export": lambda transaction, task: str(transaction.execute(bulk.EXPORT, after=task - 100, last=task + 100)),
}
WRITES: Mapping[str, Callable[[Change, TaskId], str]] = {
    "update": lambda change, task: crud.update(change, task, {"priority": "low"}).json,
    "toggle": lambda change, task: crud.complete(change, task, completed=None).json,
    "move": lambda change, task: moves.move(change, task, Move(None)).json,
    "rename a tag": lambda change, _: MARK * min(1, tags.rename(change, MARK, "mine")[1]),
    "delete": lambda change, task: crud.delete(change, task).json,
}


@pytest.fixture
async def services(stack: Stack) -> AsyncIterator[Services]:
    """The product's own database access, in this process, on one connection."""
    services = main._services(stack.settings(DATABASE_POOL_SIZE="1"))
    await services.fence.start()
    yield services
    await services.fence.close()
    await services.database.close()


@pytest.fixture
def _careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement forgets to name the owner, except where it looks up the list's revision and counters."""
    execute = Transaction.execute

    def forgetful(self: Transaction, sql: LiteralString, **parameters: object) -> list[Row]:
        others = sql.split(OF_THE_LIST)
        assert any(PREDICATE in part for part in others) or sql in ("SELECT " + STAND, places._NUMBER)
        return execute(self, OF_THE_LIST.join(_OWNER.sub("true", part) for part in others), **parameters)

    monkeypatch.setattr(Transaction, "execute", forgetful)


async def shown(lists: Lists, owner: UserId, name: str, task: TaskId) -> str:
    with contextlib.suppress(NotFound):
        if name in READS:
            return await lists.read(owner, lambda transaction: READS[name](transaction, task))
        return await lists.write(owner, lambda change: WRITES[name](change, task))
    return ""


@pytest.mark.anyio
@pytest.mark.usefixtures("_careless")
@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_row_level_security_hides_what_a_careless_statement_would_show(
    services: Services, api: ApiProcess, database: Any, name: str
) -> None:
    """Without the owner in the statement the role still sees nothing of others; without the role they would be seen."""
    victim = new_victim(api, database)
    before = victim.rows
    intruder, task = new_user(), TaskId(victim.live)
    assert MARK not in await shown(services.lists, intruder, name, task)
    assert victim.rows == before
    unguarded = Lists(services.database, services.fence, WITHOUT_ROLE)
    assert MARK in await shown(unguarded, intruder, name, task)


@pytest.mark.anyio
async def test_the_function_shows_nobody_elses_list(services: Services, api: ApiProcess, database: Any) -> None:
    """It is told whose list to show, and shows no other than that of the transaction's user."""
    victim = new_victim(api, database)
    newest: LiteralString = "SELECT revision, total, page FROM " + function("newest") + "(%(name)s, NULL, 500)"
    look = partial(Transaction.execute, sql=newest, name=victim.user)
    assert await services.lists.read(new_user(), look) == [(0, 0, None)]
    [(_, total, page)] = await Lists(services.database, services.fence, WITHOUT_ROLE).read(new_user(), look)
    assert total > 0
    assert MARK in page


def count(table: str) -> Callable[[Transaction], int]:
    return lambda transaction: transaction.execute(f"SELECT count(*) FROM {table}")[0][0]


@pytest.mark.anyio
@pytest.mark.parametrize("table", ROWS)
async def test_a_missing_user_sees_no_rows(services: Services, database: Any, table: str) -> None:
    """Without `app.user_id`, be it never set or left empty by the transaction before, the role finds nothing."""
    owner = new_user()
    for statement in ROWS.values():
        database.execute(statement, {"user": owner})
    assert await services.database.run(count(table), opening=WITHOUT_USER, parameters={}) == 0
    assert await services.lists.read(owner, count(table)) == 1
    assert await services.database.run(count(table), opening=WITHOUT_USER, parameters={}) == 0
    assert await services.lists.read(new_user(), count(table)) == 0
    assert await services.database.run(count(table), opening="", parameters={}) > 0


@pytest.mark.parametrize("statement", [*ROWS.values(), *FOREIGN_WRITES])
def test_nobody_writes_into_anothers_name(victim: Victim, statement: str) -> None:
    """The policies check what is written as they check what is read."""
    before = victim.rows
    mine = ROWS["tasks"].replace("%(user)s", "%(owner)s")
    parameters = {"owner": new_user(), "user": victim.user, "statement_timeout": "0", "idle_timeout": "0"}
    with pytest.raises(errors.InsufficientPrivilege):
        victim.database.execute(AS_USER + mine + statement, parameters)
    assert victim.rows == before


def test_every_table_has_a_policy_that_binds_its_owner_too(database: Any) -> None:
    """A new table is not forgotten."""
    database.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert database.fetchall() == [("alembic_version",)]
