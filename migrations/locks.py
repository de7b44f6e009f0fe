"""What a migration needs to change the two tables that every request uses, and to deadlock with none of them."""

from migrations.functions import Operations

# Requests take these tables in either order, so whoever held the one and waited for the other would sooner or later
# stand across one of them: PostgreSQL would end one of the two. This waits for the first, and lets it go again when
# it cannot have the second within moments. First the one that readers, who are the most, take first. At once in the
# mode that is needed last: a lock that is raised is another wait.
_TAKE = """
DO $$
DECLARE
    deadline CONSTANT timestamptz := clock_timestamp() + interval '5 s';
BEGIN
    LOOP
        BEGIN
            LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE;
            FOR attempt IN 1..5 LOOP
                BEGIN
                    LOCK TABLE task_lists IN ACCESS EXCLUSIVE MODE NOWAIT;
                    RETURN;
                EXCEPTION WHEN lock_not_available THEN
                    PERFORM pg_sleep(0.001);
                END;
            END LOOP;
            RAISE lock_not_available USING MESSAGE = 'lock timeout: task_lists is in use all the time';
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() > deadline THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(random() * 0.05);
        END;
    END LOOP;
END
$$
"""


def take_both_tables(op: Operations) -> None:
    """Hold `task_lists` and `tasks` alone until the end of the transaction; gives up after some seconds."""
    op.execute(_TAKE)
