"""Titles in one order on every server: compared by what they are in small letters, in one normal form

`title_sort` is what `lower()` makes under the locale of the database, and another one would rewrite the table. It stays
for the processes of the release before; its index goes, as those of other orders did (0004): they sort what they find.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

from migrations.locks import take_both_tables

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # Dropping takes `tasks` alone until the end of the transaction; the next migrations in it want `task_lists`, too.
    take_both_tables(op)
    op.execute(ORDER)
    op.execute("DROP INDEX tasks_by_title")


def downgrade() -> None:
    take_both_tables(op)
    op.execute("CREATE INDEX tasks_by_title ON tasks (user_id, title_sort, id) WHERE deleted_at IS NULL")
    op.execute("DROP FUNCTION tasklane_title_order(text)")


# Unicode's simple mapping to small letters, by whatever the server has that knows it under a fixed name: its own since
# PostgreSQL 17, ICU's, the C library's. Between them they differ in no letter that has a case on all of them. What has
# two small forms, or becomes two letters, is replaced: the dotted capital I, the final sigma, the sharp s. NFKC comes
# first and last, for a small letter may compose with what follows. Most titles are ASCII and need none of it. What a
# key may have in length, a cursor must hold.
ORDER = """
DO $$
DECLARE
    letters CONSTANT text := coalesce(
        (SELECT quote_ident(collname) FROM pg_collation
         WHERE collname IN ('pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8')
             AND collencoding IN (-1, pg_char_to_encoding('UTF8'))
         ORDER BY array_position(ARRAY['pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8'], collname::text) LIMIT 1),
        '"default"');
BEGIN
    EXECUTE format($made$
        CREATE FUNCTION tasklane_title_order(title text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $order$
            SELECT left(CASE WHEN octet_length(title) = char_length(title) THEN lower(title COLLATE "C")
                ELSE normalize(replace(replace(
                    lower(replace(normalize(title, NFKC), E'\\u0130', E'i\\u0307') COLLATE %s) COLLATE "C",
                    E'\\u03c2', E'\\u03c3'), E'\\u00df', 'ss'), NFKC)
            END, 200) $order$
    $made$, letters);
END
$$;
REVOKE EXECUTE ON FUNCTION tasklane_title_order(text) FROM public;
GRANT EXECUTE ON FUNCTION tasklane_title_order(text) TO tasklane_user, tasklane_worker;
"""
