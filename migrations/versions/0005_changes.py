"""What a mirror of a list rests on: the histories of its revisions, and what is gone without a trace

The functions are replaced in place: processes of the release before call them by the same names and go on, and what
they erase is noted, too. Whatever was before this migration nobody has a token of.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

from migrations.locks import take_both_tables

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    take_both_tables(op)  # whoever deletes tasks right now goes by the old function: they end first
    for statement in (COLUMNS, *functions(noted=True)):
        op.execute(statement)


def downgrade() -> None:
    take_both_tables(op)
    for statement in (*functions(noted=False), BACK):
        op.execute(statement)


# The lists that are there are of the present history, as far as anybody can ask: a server that has lost this migration
# gets it again in another one. A constant, so that no row is written.
COLUMNS = """
DO $$
BEGIN
    EXECUTE format(
        'ALTER TABLE task_lists ADD COLUMN horizon bigint NOT NULL DEFAULT 0,
            ADD COLUMN histories bigint[] NOT NULL DEFAULT ''{%s,-1}''',
        (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint);
END
$$;
ALTER TABLE task_lists ALTER COLUMN histories SET DEFAULT '{}';
"""

BACK = "ALTER TABLE task_lists DROP COLUMN horizon, DROP COLUMN histories"

KEPT = 16
"""Histories of a list. Whoever has seen less than all of these begins anew."""


def functions(*, noted: bool) -> tuple[str, ...]:
    """What gives revisions.

    `noted`: each notes, in the same statement, the history if it is another than that of the revision before, and the
    revision below which a mirror cannot be brought up to date. The list's new revision is at least one above its old
    one, so `revision + 1` is above all that anybody has seen.
    """
    first = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    history = "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint"
    declared = f"present CONSTANT bigint := {history};" if noted else ""
    same = f"""histories = CASE WHEN l.histories[1] = present THEN l.histories
            ELSE (ARRAY[present, l.revision] || l.histories)[1:{2 * KEPT}] END"""
    advanced = "revision = tasklane_next(l.revision), updated_at = now()" + (f", {same}" if noted else "")
    columns = "user_id, revision" + (", horizon, histories" if noted else "")

    def row(owner: str) -> str:
        made = "clock.first, clock.first - 1, ARRAY[present, clock.first - 1]" if noted else "clock.first"
        return f"SELECT {owner}, {made} FROM (SELECT {first} AS first) clock"

    lost = ", horizon = l.revision + 1" if noted else ""
    return (
        f"""
CREATE OR REPLACE FUNCTION tasklane_advance(owner text, OUT taken bigint) LANGUAGE plpgsql AS $$
DECLARE
    {declared}
BEGIN
    INSERT INTO task_lists AS l ({columns}) {row("owner")}
    ON CONFLICT (user_id) DO UPDATE SET {advanced}
    RETURNING l.revision INTO taken;
END
$$
""",
        f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own_xid CONSTANT xid := pg_current_xact_id()::xid;
    {declared}
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.user_id <> OLD.user_id THEN
            UPDATE task_lists l SET {advanced}{lost} WHERE l.user_id = OLD.user_id;
        END IF;
        IF NEW.updated_at = OLD.updated_at THEN
            NEW.updated_at := greatest(OLD.updated_at, clock_timestamp());
        END IF;
    END IF;
    SELECT l.revision INTO NEW.revision FROM task_lists l WHERE l.user_id = NEW.user_id AND l.xmin = own_xid;
    IF NOT FOUND THEN
        INSERT INTO task_lists AS l ({columns}) {row("NEW.user_id")}
        ON CONFLICT (user_id) DO UPDATE SET {advanced}
        RETURNING l.revision INTO NEW.revision;
    END IF;
    {RENAMED if noted else ""}
    RETURN NEW;
END
$$
""",
        _on_delete(declared, advanced) if noted else _on_delete_before(advanced),
        f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    {declared}
BEGIN
    UPDATE task_lists l SET {advanced}{lost},
        live = 0, completed = 0, low = 0, medium = 0, high = 0, urgent = 0, in_trash = 0;
    RETURN NULL;
END
$$
""",
    )


RENAMED = """IF TG_OP = 'UPDATE' AND NEW.user_id = OLD.user_id AND NEW.id <> OLD.id THEN
        UPDATE task_lists l SET horizon = NEW.revision WHERE l.user_id = NEW.user_id;
    END IF;"""


# A tombstone takes what it says with it, a live task what nobody can say. A list that was advanced in this transaction
# is not advanced again: its revision nobody has seen yet.
def _on_delete(declared: str, advanced: str) -> str:
    gone = """(
        SELECT user_id, bool_or(deleted_at IS NULL) AS alive,
            max(gone.revision) FILTER (WHERE deleted_at IS NOT NULL) AS tombstone
        FROM gone GROUP BY user_id
    )"""
    return f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own_xid CONSTANT xid := pg_current_xact_id()::xid;
    {declared}
BEGIN
    UPDATE task_lists l SET horizon = greatest(g.tombstone, CASE WHEN g.alive THEN l.revision END)
    FROM {gone} g
    WHERE l.user_id = g.user_id AND l.xmin = own_xid
        AND l.horizon < greatest(g.tombstone, CASE WHEN g.alive THEN l.revision END);
    UPDATE task_lists l SET {advanced},
        horizon = greatest(l.horizon, g.tombstone, CASE WHEN g.alive THEN l.revision + 1 END)
    FROM {gone} g
    WHERE l.user_id = g.user_id AND l.xmin <> own_xid;
    RETURN NULL;
END
$$
"""


def _on_delete_before(advanced: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_lists l SET {advanced}
    FROM (SELECT DISTINCT user_id FROM gone) g
    WHERE l.user_id = g.user_id AND l.xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END
$$
"""
