"""Below the API: the statements of core/, with their first wall taken down."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, LiteralString

import pytest
from psycopg2 import errors

from api import main
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
from core.types import TaskId, UserId
from tests.integration.isolation.victim import MARK, ROWS, Victim, new_victim
from tests.stack import ApiProcess, Stack, new_user

PREDICATE: LiteralString = "user_id = %(owner)s"
_OWNER = re.compile(r"\b(\w+\.)?" + re.escape(PREDICATE))
OF_THE_LIST: LiteralString = "FROM task_lists WHERE " + PREDICATE
WITHOUT_ROLE: LiteralString = AS_USER.replace("set_config('role', 'tasklane_user', true),", "")
WITHOUT_USER: LiteralString = AS_USER.replace(" set_config('app.user_id', %(owner)s, true),", "")
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
