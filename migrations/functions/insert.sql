-- What makes a task: a function for the same reason, with the caller's rights as well. Whoever calls it has advanced the
-- list before, in the same transaction.
CREATE FUNCTION {insert}(
        owner text,
        {parameters},
        OUT list_revision bigint, OUT made bigint, OUT task text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO tasks AS t (
        user_id, revision, created_at, updated_at,
        {columns}
    ) VALUES (
        $1, (SELECT l.revision FROM task_lists l WHERE l.user_id = $1), clock_timestamp(), clock_timestamp(),
        {values}
    )
    RETURNING t.revision, t.id, {task} INTO list_revision, made, task;
END
$$;
REVOKE EXECUTE ON FUNCTION {insert} FROM public;
GRANT EXECUTE ON FUNCTION {insert} TO tasklane_user;
