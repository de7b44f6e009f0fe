"""The counters of a list, which triggers keep: compared with its tasks, and made anew."""

from typing import LiteralString

from core.database.transaction import Transaction
from core.lists.lists import Change
from core.lists.stand import STAND

# In one snapshot; what a writer has not committed is in neither.
_COMPARE: LiteralString = """
    SELECT l.live IS NULL, (l.live, l.completed, l.low, l.medium, l.high, l.urgent, l.in_trash) = (
        SELECT count(*) FILTER (WHERE live), count(*) FILTER (WHERE live AND completed),
            count(*) FILTER (WHERE live AND priority = 'low'), count(*) FILTER (WHERE live AND priority = 'medium'),
            count(*) FILTER (WHERE live AND priority = 'high'), count(*) FILTER (WHERE live AND priority = 'urgent'),
            count(*) FILTER (WHERE NOT live)
        FROM (SELECT completed, priority, deleted_at IS NULL AS live FROM tasks WHERE user_id = %(owner)s) t)
    FROM task_lists l WHERE user_id = %(owner)s
"""


def are_true(transaction: Transaction) -> bool | None:
    """Whether the counters say what there is; None where the list was not counted yet."""
    rows = transaction.execute(_COMPARE)
    uncounted, true = rows[0] if rows else (False, True)
    return None if uncounted else bool(true)


def count(change: Change) -> None:
    """Count the tasks anew, under a new revision: what was answered before may say something else."""
    sql: LiteralString = "SELECT " + STAND + ", tasklane_count(ARRAY[%(owner)s])"
    change.execute(sql)
