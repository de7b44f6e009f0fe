"""The order by hand, subtasks and reminders

No row is written: a task that nobody has moved has the place of its id, and none is a subtask yet. The two indexes are
of moved tasks and of subtasks alone, so they are empty; to make them takes a look through the table. Processes of the
release before go on: what they delete or restore takes its subtasks along, because the database sees to it.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

from migrations import functions
from migrations.locks import take_both_tables

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    take_both_tables(op)
    for statement in (COLUMNS, INDEXES, CROWDED, GRANTS, RESTORED, ALONG):
        op.execute(statement)
    functions.install(op, 3)


def downgrade() -> None:
    take_both_tables(op)
    functions.drop(op, 3)
    op.execute(BACK)


# NOT VALID: they bind whatever is written from now on, and nobody waits while the rows that are there are read.
COLUMNS = """
ALTER TABLE tasks
    ADD COLUMN reminders jsonb NOT NULL DEFAULT '[]'::jsonb,
    ADD COLUMN parent_id bigint,
    ADD COLUMN position text COLLATE "C";
ALTER TABLE tasks
    ADD CONSTRAINT tasks_reminders_count CHECK (jsonb_array_length(reminders) <= 5) NOT VALID,
    ADD CONSTRAINT tasks_parent_another CHECK (parent_id <> id) NOT VALID,
    ADD CONSTRAINT tasks_position_form CHECK (position ~ '^[0-9a-f]{16,48}$') NOT VALID;
"""

INDEXES = """
CREATE INDEX tasks_by_position ON tasks (user_id, position, id) WHERE deleted_at IS NULL AND position IS NOT NULL;
CREATE INDEX tasks_by_parent   ON tasks (user_id, parent_id) WHERE parent_id IS NOT NULL;
"""

CROWDED = """
CREATE TABLE crowded_lists (
    user_id text NOT NULL CONSTRAINT crowded_lists_pkey PRIMARY KEY
);
ALTER TABLE crowded_lists ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON crowded_lists
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')));
CREATE POLICY worker ON crowded_lists TO tasklane_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON crowded_lists TO tasklane_user, tasklane_worker;
"""

# The numbers of tasks are those of places, too: what is put at the top takes one.
GRANTS = """
DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SEQUENCE %s TO tasklane_user, tasklane_worker',
        pg_get_serial_sequence('tasks', 'id'));
END
$$;
GRANT UPDATE (position, revision) ON tasks TO tasklane_worker;
"""

# What is restored by itself comes back at the top level if its parent is not live, or if it would stand too deep.
RESTORED = """
CREATE FUNCTION tasklane_restored() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    levels integer;
BEGIN
    WITH RECURSIVE above AS (
        SELECT p.parent_id, 1 AS level FROM tasks p
        WHERE p.user_id = NEW.user_id AND p.id = NEW.parent_id AND p.deleted_at IS NULL
        UNION ALL
        SELECT p.parent_id, above.level + 1
        FROM above JOIN tasks p ON p.user_id = NEW.user_id AND p.id = above.parent_id WHERE above.level < 5
    ), below AS (
        SELECT NEW.id AS id, 1 AS level
        UNION ALL
        SELECT c.id, below.level + 1
        FROM below JOIN tasks c
            ON c.user_id = NEW.user_id AND c.parent_id = below.id AND c.deleted_at = OLD.deleted_at
        WHERE below.level < 5
    )
    SELECT (SELECT max(level) FROM above) + (SELECT max(level) FROM below) INTO levels;
    IF levels IS NULL OR levels > 4 THEN
        NEW.parent_id := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER restored BEFORE UPDATE OF deleted_at ON tasks FOR EACH ROW
    WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND NEW.parent_id IS NOT NULL
        AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION tasklane_restored();
"""

# What goes into the trash takes along what is beneath it, and brings back what it has taken, which was deleted in the
# same instant. Level by level: the change of each child fires the trigger again.
ALONG = """
CREATE FUNCTION tasklane_take_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tasks c WHERE c.user_id = NEW.user_id AND c.parent_id = NEW.id) THEN
        RETURN NULL;
    END IF;
    IF NEW.deleted_at IS NOT NULL THEN
        UPDATE tasks c SET deleted_at = NEW.deleted_at, updated_at = NEW.updated_at, revision = NEW.revision
        WHERE c.user_id = NEW.user_id AND c.parent_id = NEW.id AND c.deleted_at IS NULL;
    ELSE
        UPDATE tasks c SET deleted_at = NULL, updated_at = NEW.updated_at, revision = NEW.revision
        WHERE c.user_id = NEW.user_id AND c.parent_id = NEW.id AND c.deleted_at = OLD.deleted_at;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER take_along AFTER UPDATE OF deleted_at ON tasks FOR EACH ROW
    WHEN ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL)) EXECUTE FUNCTION tasklane_take_along();
"""

BACK = """
DROP TRIGGER restored ON tasks;
DROP TRIGGER take_along ON tasks;
DROP FUNCTION tasklane_restored(), tasklane_take_along();
DROP TABLE crowded_lists;
DO $$
BEGIN
    EXECUTE format('REVOKE USAGE ON SEQUENCE %s FROM tasklane_user, tasklane_worker',
        pg_get_serial_sequence('tasks', 'id'));
END
$$;
REVOKE UPDATE (position, revision) ON tasks FROM tasklane_worker;
ALTER TABLE tasks DROP COLUMN reminders, DROP COLUMN parent_id, DROP COLUMN position;
"""
