"""A tag of all of a user's tasks at once: matched however it is spelt, and written as it was first given."""

from typing import LiteralString

from core.lists.lists import Change
from core.lists.stand import REVISION, STAND
from core.tasks.spelling import fold

# By the oldest task that has each, those in the trash too: whoever restores one shall not bring an old name back.
_TAGS: LiteralString = (
    "SELECT "
    + STAND
    + """, coalesce((
        SELECT array_agg(tag ORDER BY first, place) FROM (
            SELECT tag, min(id) AS first, min(place) AS place
            FROM tasks, unnest(tags) WITH ORDINALITY AS each_tag (tag, place) WHERE user_id = %(owner)s GROUP BY tag
        ) used
    ), '{}')"""
)
_RENAME: LiteralString = (
    """
    WITH renamed AS (
        UPDATE tasks t SET updated_at = clock_timestamp(), revision = """
    + REVISION
    + """, tags = (
            SELECT array_agg(tag ORDER BY place) FROM (
                SELECT CASE WHEN tag = ANY(%(names)s) THEN %(written)s ELSE tag END AS tag, min(place) AS place
                FROM unnest(t.tags) WITH ORDINALITY AS each_tag (tag, place) GROUP BY 1
            ) named
        )
        WHERE user_id = %(owner)s AND tags && %(others)s RETURNING 1
    ) SELECT """
    + STAND
    + ", count(*) FROM renamed"
)


def rename(change: Change, name: str, to: str) -> tuple[str, int]:
    """Call a tag otherwise; returns how it is written now, and how many tasks were changed.

    If there is a tag of that name already the two become one, which is written as it was first given, unless nothing
    but the spelling changes: then it is written as it is given now. A task that had both has it in the first's place.
    """
    [(tags,)] = change.execute(_TAGS)
    old = [tag for tag in tags if fold(tag) == fold(name)]
    there = [tag for tag in tags if fold(tag) == fold(to)]
    written = to if fold(name) == fold(to) or not there else there[0]
    names = list(dict.fromkeys((*old, *there))) if old else []
    others = [tag for tag in names if tag != written]
    if not others:
        return written, 0
    [(renamed,)] = change.execute(_RENAME, names=names, others=others, written=written)
    return written, int(renamed)
