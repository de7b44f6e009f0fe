"""The lists that the cache must be told of by their revision, which is a time: the latest change comes first

A list that awaits its publication was found by its user, so that a change waited for all that stood before it. The
price of a write stays the same: one partial index for another, with a shorter key.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

from migrations.locks import take_both_tables

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    take_both_tables(op)  # the next one needs both, and has them when it follows at once
    op.execute("CREATE INDEX task_lists_to_publish ON task_lists (revision) WHERE revision > published_revision")
    op.execute("DROP INDEX task_lists_unpublished")


def downgrade() -> None:
    take_both_tables(op)
    op.execute("CREATE INDEX task_lists_unpublished ON task_lists (user_id) WHERE revision > published_revision")
    op.execute("DROP INDEX task_lists_to_publish")
