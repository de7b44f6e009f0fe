"""How far many lists have come, for whoever waits for one of them to change."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, LiteralString

from core.database.pool import Database
from core.database.transaction import Row, Transaction
from core.types import Revision, UserId

BATCH = 200
"""Users in one message. Each is asked for under their own name: row-level security shows no list to anybody else."""

_OWNER: LiteralString = """
    SELECT set_config('app.user_id', %(u{0})s, true);
    SELECT set_config('app.found', current_setting('app.found') || ' ' ||
        coalesce((SELECT revision FROM task_lists WHERE user_id = %(u{0})s), 0), true);
"""
_BEGINNING: LiteralString = "SELECT set_config('app.found', '', true);"
_END: LiteralString = "SELECT current_setting('app.found')"


async def revisions(database: Database, role: LiteralString, owners: Sequence[UserId]) -> dict[UserId, Revision]:
    """The revision of each list, 0 where there is none; raises `DatabaseUnavailable`."""
    found: dict[UserId, Revision] = {}
    for start in range(0, len(owners), BATCH):
        batch = owners[start : start + BATCH]
        sql = _BEGINNING + "".join(_OWNER.format(number) for number in range(len(batch))) + _END
        parameters: dict[str, Any] = {f"u{number}": owner for number, owner in enumerate(batch)}
        [(told,)] = await database.run(partial(_ask, sql, parameters), opening=role, parameters={"owner": ""})
        found.update(zip(batch, (Revision(int(revision)) for revision in told.split()), strict=True))
    return found


def _ask(sql: LiteralString, parameters: Mapping[str, object], transaction: Transaction) -> list[Row]:
    return transaction.execute(sql, **parameters)
