"""What a statement about a list is read with: how far the list has come, and by whose word."""

from typing import LiteralString

REVISION: LiteralString = "(SELECT revision FROM task_lists WHERE user_id = %(owner)s)"
"""The list's revision; within a write, the one that the write has taken."""

LIST: LiteralString = "(SELECT * FROM task_lists WHERE user_id = %(owner)s)"
"""All that is known of the list; no row if it was never written to."""

HISTORY: LiteralString = (
    "CASE WHEN NOT pg_is_in_recovery() THEN (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint END"
)
"""What names the history of a revision, to be read in the same statement (ADR 0020); a standby has none."""

STAND: LiteralString = REVISION + ", " + HISTORY
