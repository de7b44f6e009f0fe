"""The lists that the cache must be told of by their revision, which is a time: the latest change comes first

A list that awaits its publication was found by its user, so that a change waited for all that stood before it. The
price of a write stays the same: one partial index for another, with a shorter key.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


LOCK = "LOCK TABLE task_lists IN ACCESS EXCLUSIVE MODE"
"""At once what DROP INDEX needs. CREATE INDEX alone holds off who writes but not who has read and will write, and then
each would wait for the other."""


def upgrade() -> None:
    op.execute(LOCK)
    op.execute("CREATE INDEX task_lists_to_publish ON task_lists (revision) WHERE revision > published_revision")
    op.execute("DROP INDEX task_lists_unpublished")


def downgrade() -> None:
    op.execute(LOCK)
    op.execute("CREATE INDEX task_lists_unpublished ON task_lists (user_id) WHERE revision > published_revision")
    op.execute("DROP INDEX task_lists_to_publish")
