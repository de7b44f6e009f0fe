"""The names and numbers that everything is keyed by."""

from typing import Literal, NamedTuple, NewType

UserId = NewType("UserId", str)
"""Whose things they are, by a verified token (its `sub`, unless a setting says else): opaque, 1 to 255 characters."""

TaskId = NewType("TaskId", int)
"""A positive 64-bit integer, unique in the database."""

TokenId = NewType("TokenId", int)
"""The same of a personal access token."""

Scope = Literal["tasks:read", "tasks:write"]
"""What a personal access token is good for."""

Revision = NewType("Revision", int)
"""When a user's list last changed, in microseconds since 1970, by a clock that never stands still: revision order is
commit order per user, and a revision is not given twice even when PostgreSQL has lost its last transactions."""

History = NewType("History", int)
"""When the PostgreSQL server that gave a revision was started, in microseconds since 1970: another one, or the same one
after a crash, a failover or a restore, has another history and may have lost what was there before."""


class Stand(NamedTuple):
    """How far a list had come, and by whose word."""

    revision: Revision
    history: History


MAX_TASK_ID = 2**63 - 1
