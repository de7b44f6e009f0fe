"""Tasks that recur: the rule, which date of its series a task stands for, and what follows on what

Columns that take NULL, which is what the processes of the release before write and what every task that is there has:
no row is written, and nothing waits but for the moment in which both tables are held.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

from migrations import functions
from migrations.locks import take_both_tables

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    take_both_tables(op)
    op.execute(COLUMNS)
    functions.install(op, 4)


def downgrade() -> None:
    take_both_tables(op)
    functions.drop(op, 4)
    op.execute(BACK)


COLUMNS = """
ALTER TABLE tasks ADD COLUMN recurrence text, ADD COLUMN recurrence_date text,
    ADD COLUMN series_id bigint, ADD COLUMN next_id bigint, ADD COLUMN next_revision bigint
"""

BACK = """
ALTER TABLE tasks DROP COLUMN recurrence, DROP COLUMN recurrence_date,
    DROP COLUMN series_id, DROP COLUMN next_id, DROP COLUMN next_revision
"""
