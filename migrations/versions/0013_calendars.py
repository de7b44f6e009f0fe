"""What a calendar knows of a task and the service does not: a table beside the tasks, for those alone that it concerns

Nothing that is there is changed, and no row is written; processes of the release before go on. What must hold whoever
changes something stands in triggers: an object goes with its task for good, and a change of it is one of the task.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

from migrations.locks import take_both_tables

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    take_both_tables(op)
    for statement in (TABLE, POLICIES, ALONG, CHANGED):
        op.execute(statement)


def downgrade() -> None:
    take_both_tables(op)
    op.execute(BACK)


# A foreign key would forbid to truncate the tasks, and look for each row by itself when many are erased.
TABLE = """
CREATE TABLE calendar_objects (
    user_id    text NOT NULL,
    task_id    bigint NOT NULL,
    name       text CONSTRAINT calendar_objects_name_form
               CHECK (octet_length(name) BETWEEN 1 AND 600 AND name !~ '[/[:cntrl:]]'),
    uid        text CONSTRAINT calendar_objects_uid_length CHECK (octet_length(uid) BETWEEN 1 AND 500),
    parent_uid text CONSTRAINT calendar_objects_parent_uid_length CHECK (octet_length(parent_uid) BETWEEN 1 AND 500),
    kept       text CONSTRAINT calendar_objects_kept_length CHECK (octet_length(kept) <= 131072),
    revision   bigint,
    CONSTRAINT calendar_objects_pkey PRIMARY KEY (user_id, task_id)
);
CREATE UNIQUE INDEX calendar_objects_name ON calendar_objects (user_id, name);
CREATE UNIQUE INDEX calendar_objects_uid ON calendar_objects (user_id, uid);
CREATE INDEX calendar_objects_parent ON calendar_objects (user_id, parent_uid) WHERE parent_uid IS NOT NULL;
"""

POLICIES = """
ALTER TABLE calendar_objects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON calendar_objects
    USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')));
CREATE POLICY worker ON calendar_objects TO tasklane_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_objects TO tasklane_user;
GRANT SELECT, DELETE ON calendar_objects TO tasklane_worker;
"""

ALONG = """
CREATE FUNCTION tasklane_erase_calendar_objects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM calendar_objects;
    ELSE
        DELETE FROM calendar_objects o USING gone g WHERE o.user_id = g.user_id AND o.task_id = g.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER erase_calendar_objects AFTER DELETE ON tasks
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tasklane_erase_calendar_objects();
CREATE TRIGGER erase_all_calendar_objects AFTER TRUNCATE ON tasks
    FOR EACH STATEMENT EXECUTE FUNCTION tasklane_erase_calendar_objects();
"""

# The service writes the task first, in the same transaction: then there is nothing left to do.
CHANGED = """
CREATE FUNCTION tasklane_change_with_calendar_object() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed record;
BEGIN
    changed := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    UPDATE tasks t SET revision = t.revision
    WHERE t.user_id = changed.user_id AND t.id = changed.task_id AND t.xmin <> pg_current_xact_id()::xid
        AND (TG_OP = 'UPDATE' OR coalesce(changed.name, changed.uid, changed.kept) IS NOT NULL);
    IF TG_OP <> 'DELETE'
        AND NOT EXISTS (SELECT FROM tasks t WHERE t.user_id = changed.user_id AND t.id = changed.task_id)
    THEN
        RAISE foreign_key_violation USING MESSAGE = 'a calendar object is one of a task';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER change_with_calendar_object AFTER INSERT OR DELETE OR UPDATE OF user_id, task_id, name, uid, kept
    ON calendar_objects FOR EACH ROW EXECUTE FUNCTION tasklane_change_with_calendar_object();
"""

BACK = """
DROP TRIGGER erase_calendar_objects ON tasks;
DROP TRIGGER erase_all_calendar_objects ON tasks;
DROP TABLE calendar_objects;
DROP FUNCTION tasklane_erase_calendar_objects(), tasklane_change_with_calendar_object();
"""
