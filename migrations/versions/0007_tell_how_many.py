"""Whoever takes a list's next revision is told how many tasks the list has: under its lock nobody can be beyond a quota

The function is replaced in place: processes of the release before call it by the same name, and do not look.

Revision ID: 0007
Revises: 0005
"""

from alembic import op

revision: str = "0007"
down_revision = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute(advance("counted bigint;", ", l.live + l.in_trash", ", counted", TOLD))


def downgrade() -> None:
    op.execute(advance("", "", "", ""))


# For the statements that follow in the transaction; empty where the list was not counted yet. That costs a microsecond,
# where a question of its own would cost a create a tenth of what it takes of the server.
TOLD = """
    PERFORM set_config('app.tasks', coalesce(counted::text, ''), true);"""


def advance(declared: str, returned: str, into: str, told: str) -> str:
    """As 0005 has it, and what is told beside."""
    first = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    counted = f"\n    {declared}" if declared else ""
    return f"""
CREATE OR REPLACE FUNCTION tasklane_advance(owner text, OUT taken bigint) LANGUAGE plpgsql AS $$
DECLARE
    present CONSTANT bigint := (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint;{counted}
BEGIN
    INSERT INTO task_lists AS l (user_id, revision, horizon, histories) \
SELECT owner, clock.first, clock.first - 1, ARRAY[present, clock.first - 1] FROM (SELECT {first} AS first) clock
    ON CONFLICT (user_id) DO UPDATE SET revision = tasklane_next(l.revision), updated_at = now(), \
histories = CASE WHEN l.histories[1] = present THEN l.histories
            ELSE (ARRAY[present, l.revision] || l.histories)[1:32] END
    RETURNING l.revision{returned} INTO taken{into};{told}
END
$$
"""
