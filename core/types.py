"""The three numbers and names that everything is keyed by."""

from typing import NewType

UserId = NewType("UserId", str)
"""The `sub` of a verified token: opaque, 1 to 255 characters."""

TaskId = NewType("TaskId", int)
"""A positive 64-bit integer, unique in the database."""

Revision = NewType("Revision", int)
"""The number of changes that a user's list has seen; revision order is commit order per user."""

MAX_TASK_ID = 2**63 - 1
