"""What a task can be changed by stands in it: the functions that write tasks with their `etag`

Those of the release before stay beside them, for its processes: they may go with the release after this one.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

from migrations import functions

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    functions.install(op, 2)


def downgrade() -> None:
    functions.drop(op, 2)
