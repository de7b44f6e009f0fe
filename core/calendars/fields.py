"""What a task is in a calendar, over the row `t` of the tasks: its name there, its uid, and what was put.

A client chooses the name of what it makes; what was made elsewhere has one of its id, by which it is found: no index
is written for a task that no calendar has touched.
"""

import re
from collections.abc import Sequence
from typing import Any, LiteralString

from core.tasks.fields import ARCHIVED, Member, as_json

_DEFAULT = re.compile(r"tasklane-([1-9][0-9]{0,17})\.ics", re.ASCII)

_OBJECT: LiteralString = " FROM calendar_objects o WHERE o.user_id = t.user_id AND o.task_id = t.id)"

NAME: LiteralString = "coalesce((SELECT o.name" + _OBJECT + ", 'tasklane-' || t.id || '.ics')"
"""The last part of its address."""

CALENDAR: tuple[Member, ...] = (*ARCHIVED, Member("name", sql=NAME))
"""What a calendar object is written from."""

CALENDAR_JSON: LiteralString = as_json(CALENDAR)

NAMED: LiteralString = """(
    SELECT n.name, coalesce(o.task_id, d.id) AS id
    FROM unnest(%(names)s::text[], %(ids)s::bigint[]) AS n (name, id)
    LEFT JOIN LATERAL (SELECT * FROM calendar_objects WHERE user_id = %(owner)s AND name = n.name OFFSET 0) o ON true
    LEFT JOIN LATERAL (SELECT * FROM tasks WHERE user_id = %(owner)s AND id = n.id AND NOT EXISTS (
        SELECT FROM calendar_objects m WHERE m.user_id = %(owner)s AND m.task_id = n.id AND m.name IS NOT NULL) OFFSET 0
    ) d ON true
)"""
"""Which tasks of the owner, in the trash or not, have the names that are asked for: `name`, and `id` or NULL."""


def named_parameters(names: Sequence[str]) -> dict[str, Any]:
    """For `NAMED`."""
    found = [_DEFAULT.fullmatch(name) for name in names]
    return {"names": list(names), "ids": [int(match[1]) if match else None for match in found]}
