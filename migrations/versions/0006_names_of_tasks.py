"""What a task is called in calendars: a name of its own, which no other database gives

Whoever adds a task, the release before or psql, gives it one by the default. The tasks that are there have the one that
`tasklane_uid` makes of their id and of a number that is drawn here and stands in the function: no row is written, and a
copy of the database, or what is restored of it, says the same.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

from migrations.locks import take_both_tables

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    take_both_tables(op)
    op.execute(NAMES)


def downgrade() -> None:
    take_both_tables(op)
    op.execute("ALTER TABLE tasks DROP COLUMN uid; DROP FUNCTION tasklane_uid(bigint)")


# The default comes after the column, or every row would be written for it.
NAMES = """
DO $$
BEGIN
    EXECUTE format(
        'CREATE FUNCTION tasklane_uid(task bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
            $made$ SELECT left(encode(sha256(convert_to(%L || task, ''UTF8'')), ''hex''), 32)::uuid $made$',
        gen_random_uuid());
END
$$;
REVOKE EXECUTE ON FUNCTION tasklane_uid(bigint) FROM public;
GRANT EXECUTE ON FUNCTION tasklane_uid(bigint) TO tasklane_user, tasklane_worker;
ALTER TABLE tasks ADD COLUMN uid uuid;
ALTER TABLE tasks ALTER COLUMN uid SET DEFAULT gen_random_uuid();
"""
