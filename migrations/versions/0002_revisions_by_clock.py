"""Revisions by the server's clock, and the worker's note on whether it reaches Redis

The functions are replaced in place: processes of the release before call them by the same names and go on.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    for statement in (CLOCK, *functions("tasklane_next({})"), STATE):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE cache_state")
    for statement in functions("{} + 1"):
        op.execute(statement)
    op.execute("DROP FUNCTION tasklane_next(bigint)")


# A time is not given twice even when the server has lost its last transactions (a standby that lagged was promoted, a
# backup was restored): a revision of the lost history lies below every one that comes after it, so no ETag, token or
# cached answer of that history is ever mistaken for a new one. In microseconds it fits the 53 bits of a JSON number
# until the year 2255. A clock that steps back does no harm within one history: the order is kept.
CLOCK = """
CREATE FUNCTION tasklane_next(previous bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT greatest(previous + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
$$;
REVOKE EXECUTE ON FUNCTION tasklane_next(bigint) FROM public;
GRANT EXECUTE ON FUNCTION tasklane_next(bigint) TO tasklane_user, tasklane_worker;
"""


def functions(following: str) -> tuple[str, ...]:
    """What gives revisions, `following` one. A list's first one is a time in any case, above all that were before."""
    first = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    following = following.format("l.revision")
    return (
        f"""
CREATE OR REPLACE FUNCTION tasklane_advance(owner text, OUT taken bigint) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO task_lists AS l (user_id, revision) VALUES (owner, {first})
    ON CONFLICT (user_id) DO UPDATE SET revision = {following}, updated_at = now()
    RETURNING l.revision INTO taken;
END
$$
""",
        f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own_xid CONSTANT xid := pg_current_xact_id()::xid;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.user_id <> OLD.user_id THEN
            UPDATE task_lists l SET revision = {following}, updated_at = now() WHERE l.user_id = OLD.user_id;
        END IF;
        IF NEW.updated_at = OLD.updated_at THEN
            NEW.updated_at := greatest(OLD.updated_at, clock_timestamp());
        END IF;
    END IF;
    SELECT l.revision INTO NEW.revision FROM task_lists l WHERE l.user_id = NEW.user_id AND l.xmin = own_xid;
    IF NOT FOUND THEN
        INSERT INTO task_lists AS l (user_id, revision) VALUES (NEW.user_id, {first})
        ON CONFLICT (user_id) DO UPDATE SET revision = {following}, updated_at = now()
        RETURNING l.revision INTO NEW.revision;
    END IF;
    RETURN NEW;
END
$$
""",
        f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_lists l SET revision = {following}, updated_at = now()
    FROM (SELECT DISTINCT user_id FROM gone) g
    WHERE l.user_id = g.user_id AND l.xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END
$$
""",
        f"""
CREATE OR REPLACE FUNCTION tasklane_advance_on_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_lists l SET revision = {following}, updated_at = now();
    RETURN NULL;
END
$$
""",
    )


# One row, written when it changes. A writer that cannot announce waits for the worker to have published; `away` says
# that the worker has lost Redis, too, so that nobody waits for nothing. Before it comes `leaving`: whoever connects
# from now on does not read, so that at the time of `away` nobody does. `returning`: Redis is there again, writers wait
# again, and nobody reads yet what was acknowledged meanwhile without being told.
STATE = """
CREATE TABLE cache_state (
    single   boolean NOT NULL DEFAULT true CONSTRAINT cache_state_pkey PRIMARY KEY
             CONSTRAINT cache_state_single CHECK (single),
    state    text NOT NULL CONSTRAINT cache_state_known CHECK (state IN ('reached', 'leaving', 'away', 'returning')),
    noted_at timestamptz(3) NOT NULL DEFAULT now()
);
INSERT INTO cache_state (state) VALUES ('reached');

ALTER TABLE cache_state ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone ON cache_state FOR SELECT USING (true);
CREATE POLICY worker ON cache_state TO tasklane_worker USING (true);
GRANT SELECT ON cache_state TO tasklane_user;
GRANT SELECT, UPDATE ON cache_state TO tasklane_worker;
"""
