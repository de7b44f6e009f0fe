"""Writes that write once: counters of a list, no index on what every write changes, and no index over all texts

Nothing here reads or rewrites a table, so the locks are short; the worker counts the lists that are there. Processes of
the release before go on: what they call is there, and what has no index any more reads one user's tasks.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

from migrations import functions
from migrations.locks import take_both_tables

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    take_both_tables(op)
    for statement in (COUNTERS, UNPUBLISHED, NOTED, COUNTING, COUNT, truncated(ZEROES), ROOM):
        op.execute(statement)
    functions.install(op, 1, "newest")


def downgrade() -> None:
    take_both_tables(op)
    functions.drop(op, 1, "newest")
    for statement in (truncated(""), BACK, SEARCH):
        op.execute(statement)


# NULL: not counted yet. It stays so whatever is added, and whoever needs the number counts the tasks.
COUNTERS = """
ALTER TABLE task_lists
    ADD COLUMN live integer, ADD COLUMN completed integer, ADD COLUMN low integer, ADD COLUMN medium integer,
    ADD COLUMN high integer, ADD COLUMN urgent integer, ADD COLUMN in_trash integer;
ALTER TABLE task_lists
    ALTER COLUMN live SET DEFAULT 0, ALTER COLUMN completed SET DEFAULT 0, ALTER COLUMN low SET DEFAULT 0,
    ALTER COLUMN medium SET DEFAULT 0, ALTER COLUMN high SET DEFAULT 0, ALTER COLUMN urgent SET DEFAULT 0,
    ALTER COLUMN in_trash SET DEFAULT 0;
"""

# The lists whose revision is ahead of what was published, by that revision: what a partial index on it would hold. An
# index on the revision takes HOT from every update of a list; this is one small row at the end of a table that is
# mostly empty. Whoever changes either number keeps it, under the lock of the list's row.
UNPUBLISHED = """
CREATE TABLE unpublished_lists (
    revision bigint NOT NULL,
    user_id  text NOT NULL,
    CONSTRAINT unpublished_lists_pkey PRIMARY KEY (revision, user_id)
);
ALTER TABLE unpublished_lists ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON unpublished_lists
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')));
CREATE POLICY worker ON unpublished_lists TO tasklane_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON unpublished_lists TO tasklane_user, tasklane_worker;

CREATE FUNCTION tasklane_note_unpublished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.revision > OLD.published_revision THEN
        DELETE FROM unpublished_lists u WHERE u.revision = OLD.revision AND u.user_id = OLD.user_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.revision > NEW.published_revision THEN
        INSERT INTO unpublished_lists (revision, user_id) VALUES (NEW.revision, NEW.user_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION tasklane_note_none_unpublished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM unpublished_lists;
    RETURN NULL;
END
$$;

CREATE TRIGGER note_unpublished AFTER INSERT OR DELETE OR UPDATE OF user_id, revision, published_revision ON task_lists
    FOR EACH ROW EXECUTE FUNCTION tasklane_note_unpublished();
CREATE TRIGGER note_none_unpublished AFTER TRUNCATE ON task_lists
    FOR EACH STATEMENT EXECUTE FUNCTION tasklane_note_none_unpublished();
"""

# As the worker, or the policies would hide the lists from an owner of the tables who is no superuser.
NOTED = """
SET LOCAL ROLE tasklane_worker;
INSERT INTO unpublished_lists (revision, user_id)
SELECT revision, user_id FROM task_lists WHERE revision > published_revision;
SET LOCAL ROLE NONE;
"""

# Once per statement and list, however many tasks it changes: a row's trigger would leave 10,000 versions of the list in
# an import of 10,000. A list comes with zeroes, which is wrong for one that has tasks by then: it is not counted.
COUNTING = """
CREATE FUNCTION tasklane_count_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR c IN
            SELECT user_id, <counts> FROM (SELECT 1 AS n, t.* FROM gained t) change GROUP BY user_id ORDER BY user_id
        LOOP
            <add>
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        FOR c IN
            SELECT user_id, <counts> FROM (SELECT -1 AS n, t.* FROM lost t) change GROUP BY user_id ORDER BY user_id
        LOOP
            <add>
        END LOOP;
    ELSE
        FOR c IN
            SELECT user_id, <counts> FROM (
                SELECT -1 AS n, user_id, deleted_at, completed, priority FROM lost
                UNION ALL SELECT 1, user_id, deleted_at, completed, priority FROM gained
            ) change GROUP BY user_id ORDER BY user_id
        LOOP
            IF (c.live, c.completed, c.low, c.medium, c.high, c.urgent, c.in_trash) <> (0, 0, 0, 0, 0, 0, 0) THEN
                <add>
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION tasklane_count_not() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tasks t WHERE t.user_id = NEW.user_id) THEN
        UPDATE task_lists l SET live = NULL, completed = NULL, low = NULL, medium = NULL, high = NULL, urgent = NULL,
            in_trash = NULL
        WHERE l.user_id = NEW.user_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON tasks
    REFERENCING NEW TABLE AS gained FOR EACH STATEMENT EXECUTE FUNCTION tasklane_count_changes();
CREATE TRIGGER count_updated AFTER UPDATE ON tasks
    REFERENCING OLD TABLE AS lost NEW TABLE AS gained FOR EACH STATEMENT EXECUTE FUNCTION tasklane_count_changes();
CREATE TRIGGER count_deleted AFTER DELETE ON tasks
    REFERENCING OLD TABLE AS lost FOR EACH STATEMENT EXECUTE FUNCTION tasklane_count_changes();
CREATE TRIGGER count_not AFTER INSERT ON task_lists
    FOR EACH ROW EXECUTE FUNCTION tasklane_count_not();
""".replace(
    "<counts>",
    """sum(CASE WHEN deleted_at IS NULL THEN n ELSE 0 END) AS live,
                sum(CASE WHEN deleted_at IS NULL AND completed THEN n ELSE 0 END) AS completed,
                sum(CASE WHEN deleted_at IS NULL AND priority = 'low' THEN n ELSE 0 END) AS low,
                sum(CASE WHEN deleted_at IS NULL AND priority = 'medium' THEN n ELSE 0 END) AS medium,
                sum(CASE WHEN deleted_at IS NULL AND priority = 'high' THEN n ELSE 0 END) AS high,
                sum(CASE WHEN deleted_at IS NULL AND priority = 'urgent' THEN n ELSE 0 END) AS urgent,
                sum(CASE WHEN deleted_at IS NULL THEN 0 ELSE n END) AS in_trash""",
).replace(
    "<add>",
    """UPDATE task_lists l SET live = l.live + c.live, completed = l.completed + c.completed,
                low = l.low + c.low, medium = l.medium + c.medium, high = l.high + c.high,
                urgent = l.urgent + c.urgent, in_trash = l.in_trash + c.in_trash
            WHERE l.user_id = c.user_id;""",
)

# Whoever changes tasks adds the difference to the list, under the lock of its row, before they commit. So what is
# counted under that lock, by a statement that begins when it is held, misses nobody: a change that it does not see is
# added later. Lists that somebody holds are left for the next time, so that nobody waits for anybody.
COUNT = """
CREATE FUNCTION tasklane_count(owners text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    held text[];
BEGIN
    SELECT array_agg(user_id) INTO held FROM (
        SELECT l.user_id FROM task_lists l WHERE l.user_id = ANY(owners) ORDER BY l.user_id FOR UPDATE SKIP LOCKED
    ) free;
    UPDATE task_lists l SET live = c.live, completed = c.completed, low = c.low, medium = c.medium, high = c.high,
        urgent = c.urgent, in_trash = c.in_trash
    FROM (
        SELECT o.user_id,
            count(t.id) FILTER (WHERE t.deleted_at IS NULL) AS live,
            count(t.id) FILTER (WHERE t.deleted_at IS NULL AND t.completed) AS completed,
            count(t.id) FILTER (WHERE t.deleted_at IS NULL AND t.priority = 'low') AS low,
            count(t.id) FILTER (WHERE t.deleted_at IS NULL AND t.priority = 'medium') AS medium,
            count(t.id) FILTER (WHERE t.deleted_at IS NULL AND t.priority = 'high') AS high,
            count(t.id) FILTER (WHERE t.deleted_at IS NULL AND t.priority = 'urgent') AS urgent,
            count(t.id) FILTER (WHERE t.deleted_at IS NOT NULL) AS in_trash
        FROM unnest(held) AS o (user_id) LEFT JOIN tasks t USING (user_id) GROUP BY o.user_id
    ) c
    WHERE l.user_id = c.user_id;
    RETURN coalesce(cardinality(held), 0);
END
$$;
REVOKE EXECUTE ON FUNCTION tasklane_count(text[]) FROM public;
GRANT EXECUTE ON FUNCTION tasklane_count(text[]) TO tasklane_worker;
"""

ZEROES = ", live = 0, completed = 0, low = 0, medium = 0, high = 0, urgent = 0, in_trash = 0"


def truncated(zeroes: str) -> str:
    """What tells all lists that there is no task any more."""
    return f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_lists l SET revision = tasklane_next(l.revision), updated_at = now(){zeroes};
    RETURN NULL;
END
$$
"""


# The fill factors are for pages to come: one that is full gets room as its tasks are changed. See ADR 0027 for each
# index.
ROOM = """
ALTER TABLE tasks SET (fillfactor = 85);
ALTER TABLE task_lists SET (fillfactor = 50);
DROP INDEX task_lists_to_publish;
DROP INDEX tasks_by_updated;
DROP INDEX tasks_by_priority;
DROP INDEX IF EXISTS tasks_search;
"""

BACK = """
DROP TRIGGER count_inserted ON tasks;
DROP TRIGGER count_updated ON tasks;
DROP TRIGGER count_deleted ON tasks;
DROP TRIGGER count_not ON task_lists;
DROP TRIGGER note_unpublished ON task_lists;
DROP TRIGGER note_none_unpublished ON task_lists;
DROP FUNCTION tasklane_count(text[]), tasklane_count_changes(), tasklane_count_not(), tasklane_note_unpublished(),
    tasklane_note_none_unpublished();
DROP TABLE unpublished_lists;
ALTER TABLE task_lists DROP COLUMN live, DROP COLUMN completed, DROP COLUMN low, DROP COLUMN medium, DROP COLUMN high,
    DROP COLUMN urgent, DROP COLUMN in_trash;
ALTER TABLE tasks RESET (fillfactor);
ALTER TABLE task_lists SET (fillfactor = 70);
CREATE INDEX task_lists_to_publish ON task_lists (revision) WHERE revision > published_revision;
CREATE INDEX tasks_by_updated ON tasks (user_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_priority ON tasks (user_id, priority_rank, id) WHERE deleted_at IS NULL;
"""

SEARCH = """
DO $$
BEGIN
    IF (SELECT count(*) = 2 FROM pg_extension WHERE extname IN ('pg_trgm', 'btree_gin')) THEN
        CREATE INDEX tasks_search ON tasks USING gin (user_id, title gin_trgm_ops, description gin_trgm_ops)
            WHERE deleted_at IS NULL;
    END IF;
END
$$
"""
