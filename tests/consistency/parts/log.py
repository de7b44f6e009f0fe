"""The database's own record of every version of every task: triggers of the run's, in the transaction of the change.

The list's row is locked while a task changes, so per user the order of the record is the order of the commits. Were
that lock missing in the product, the record would not fit what clients saw, and the checker would say so.
"""

from collections import defaultdict

from tests.consistency.checking.history import Item, Logged
from tests.steps import outside

_COLUMNS = "revision, id, user_id, title, description, completed, priority, tags, created_at, updated_at, deleted_at"
_TABLE = f"""
CREATE SCHEMA witness;
CREATE TABLE witness.versions AS SELECT 0::bigint AS place, pg_current_xact_id() AS transaction, {_COLUMNS},
    false AS erased FROM public.tasks WITH NO DATA;
CREATE SEQUENCE witness.places;
CREATE FUNCTION witness.record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO witness.versions SELECT nextval('witness.places'), pg_current_xact_id(), {{new}}, false;
    RETURN NULL;
END $$;
CREATE TRIGGER record AFTER INSERT OR UPDATE ON public.tasks FOR EACH ROW EXECUTE FUNCTION witness.record();
CREATE FUNCTION witness.record_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO witness.versions SELECT nextval('witness.places'), pg_current_xact_id(), l.revision, {{gone}}, true
    FROM gone LEFT JOIN public.task_lists l USING (user_id);
    RETURN NULL;
END $$;
CREATE TRIGGER record_erased AFTER DELETE ON public.tasks REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION witness.record_erased();
""".format(
    new=", ".join(f"NEW.{name}" for name in _COLUMNS.split(", ")),
    gone=", ".join(f"gone.{name}" for name in _COLUMNS.split(", ")[1:]),
)
# PostgreSQL runs a table's triggers by their names: the list has its new revision before `record_erased`.

_INSTANT = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
_FIELDS = f"""revision, id, user_id, title, description, completed, priority, tags,
    to_char(created_at AT TIME ZONE 'UTC', {_INSTANT}), to_char(updated_at AT TIME ZONE 'UTC', {_INSTANT}),
    deleted_at IS NOT NULL"""
_VERSIONS = f"SELECT transaction::text::bigint, {_FIELDS}, erased FROM witness.versions ORDER BY place"
_TASKS = f"SELECT 0, {_FIELDS}, false FROM public.tasks ORDER BY id"


def install(database_url: str) -> None:
    """Begin to record."""
    with outside(database_url) as cursor:
        cursor.execute(_TABLE)


def read(database_url: str) -> dict[str, list[Logged]]:
    """Everything recorded so far, by user, in the order in which it took effect."""
    return _logged(database_url, _VERSIONS)


def tasks(database_url: str) -> dict[str, list[Logged]]:
    """The tasks as they are in the database now, those in the trash too."""
    return _logged(database_url, _TASKS)


def _logged(database_url: str, sql: str) -> dict[str, list[Logged]]:
    found: defaultdict[str, list[Logged]] = defaultdict(list)
    with outside(database_url) as cursor:
        cursor.execute(sql)
        for transaction, revision, *fields, tags, created, updated, gone, erased in cursor:
            item = Item._make([*fields, tuple(tags), created, updated])
            found[item.user].append(Logged(transaction, revision, item, gone or erased, erased))
    return dict(found)
