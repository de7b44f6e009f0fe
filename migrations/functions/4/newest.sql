-- The list that nearly everyone asks for, in a function because a function keeps its plan, behind a pooler too: planning
-- is more than half of what the statement costs. It has the caller's rights, so the policies bind it. The plan is one
-- for all lists, and must not sort: the planner takes every list for an average one. How many tasks there are the list
-- says; where it was not counted yet they are counted here.
CREATE FUNCTION tasklane_newest_4(
    owner text, done boolean, size integer,
    OUT revision bigint, OUT total bigint, OUT page text, OUT last_created bigint, OUT last_id bigint
) LANGUAGE plpgsql STABLE SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    SELECT coalesce((SELECT l.revision FROM task_lists l WHERE l.user_id = owner), 0),
        coalesce((
            SELECT CASE WHEN done IS NULL THEN l.live WHEN done THEN l.completed ELSE l.live - l.completed END
            FROM task_lists l WHERE l.user_id = owner
        ), (
            SELECT count(*) FROM tasks a
            WHERE a.user_id = owner AND a.deleted_at IS NULL AND (done IS NULL OR a.completed = done)
        )),
        string_agg((SELECT row_to_json(j)::text FROM (SELECT t.id,
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
        '"4-' || t.id || '-' || t.revision || '"' AS etag) j), chr(30)),
        (array_agg((extract(epoch FROM t.created_at) * 1000000)::bigint))[size],
        (array_agg(t.id))[size]
    INTO revision, total, page, last_created, last_id
    FROM (
        SELECT * FROM tasks b
        WHERE b.user_id = owner AND b.deleted_at IS NULL AND (done IS NULL OR b.completed = done)
        ORDER BY b.created_at DESC, b.id DESC LIMIT size + 1
    ) t;
END
$$;
REVOKE EXECUTE ON FUNCTION tasklane_newest_4 FROM public;
GRANT EXECUTE ON FUNCTION tasklane_newest_4 TO tasklane_user, tasklane_worker;
