-- What makes a task: a function for the same reason, with the caller's rights as well. Whoever calls it has advanced the
-- list before, in the same transaction.
CREATE FUNCTION tasklane_insert_4(
        owner text,
        title text,
        description text DEFAULT NULL,
        completed boolean DEFAULT false,
        priority text DEFAULT 'medium',
        due_on date DEFAULT NULL,
        due_at timestamptz DEFAULT NULL,
        recurrence text DEFAULT NULL,
        tags text[] DEFAULT '{}',
        reminders jsonb DEFAULT '[]',
        parent_id bigint DEFAULT NULL,
        recurrence_date text DEFAULT NULL,
        OUT list_revision bigint, OUT made bigint, OUT task text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO tasks AS t (
        user_id, revision, created_at, updated_at,
        title,
        description,
        completed,
        completed_at,
        priority,
        due_on,
        due_at,
        recurrence,
        tags,
        reminders,
        parent_id,
        recurrence_date
    ) VALUES (
        $1, (SELECT l.revision FROM task_lists l WHERE l.user_id = $1), clock_timestamp(), clock_timestamp(),
        $2,
        $3,
        $4,
        CASE WHEN $4 THEN clock_timestamp() END,
        $5,
        $6,
        $7,
        $8,
        $9,
        $10,
        $11,
        $12
    )
    RETURNING t.revision, t.id, (SELECT row_to_json(j)::text FROM (SELECT t.id,
        t.user_id,
        t.title,
        t.description,
        t.completed,
        to_char(t.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS completed_at,
        t.priority,
        coalesce(to_char(t.due_on, 'YYYY-MM-DD'), to_char(t.due_at AT TIME ZONE 'UTC', CASE WHEN t.due_at = date_trunc('milliseconds', t.due_at) THEN 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"' ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END)) AS due_date,
        t.recurrence::json AS recurrence,
        CASE WHEN t.recurrence IS NULL THEN t.series_id ELSE coalesce(t.series_id, t.id) END AS series_id,
        t.next_id,
        t.tags,
        t.reminders,
        t.parent_id,
        coalesce(t.position, lpad(to_hex(9223372036854775807 - t.id), 16, '0') COLLATE "C") AS position,
        to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
        to_char(t.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at,
        '"4-' || t.id || '-' || t.revision || '"' AS etag) j) INTO list_revision, made, task;
END
$$;
REVOKE EXECUTE ON FUNCTION tasklane_insert_4 FROM public;
GRANT EXECUTE ON FUNCTION tasklane_insert_4 TO tasklane_user;
