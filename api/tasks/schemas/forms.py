"""The other names and values that frontends send for what a task has; docs/frontend.md has them as a table.

Where two names say different things of one, that is an error; what nobody knows is told (`api.http.bodies.unknown`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from api.http.bodies import unknown
from core.tasks.questions.other_names import PRIORITIES, STATUSES

NAMES: Mapping[str, str] = {
    "dueDate": "due_date",
    "due": "due_date",
    "is_completed": "completed",
    "isCompleted": "completed",
    "done": "completed",
    "status": "completed",
    "parentId": "parent_id",
}
"""Of members, and what they are read as."""

TITLES = ("content", "name")
"""A title where there is no other, and not both of these."""

NEVER = ("", "none", "never")
FREQUENCIES: Mapping[str, str] = {word: f"FREQ={word.upper()}" for word in ("daily", "weekly", "monthly", "yearly")}
"""Words for a recurrence."""

KEPT = frozenset(
    {
        "id",
        "user_id",
        "created_at",
        "updated_at",
        "completed_at",
        "deleted_at",
        "etag",
        "position",
        "series_id",
        "next_id",
    }
    | {"userId", "createdAt", "updatedAt", "completedAt", "deletedAt", "eTag", "seriesId", "nextId"}
)
"""What the service keeps itself: pages send whole objects back, and nobody misses it."""


def understood(sent: Mapping[str, Any], members: Iterable[str]) -> dict[str, Any]:
    """The same by the names of the contract, of which `members` are; raises `PydanticCustomError`.

    Raises `ValidationError` where the service is set to refuse what is not known.
    """
    known = frozenset(members)
    read = {name: value for name, value in sent.items() if name in known}
    if len(read) < len(sent):
        others = [(name, value) for name, value in sent.items() if name not in known]
        titles = [(name, value) for name, value in others if name in TITLES and isinstance(value, str)]
        if len(titles) == 1 and "title" in known and "title" not in read:
            [(name, read["title"])] = titles
            others = [other for other in others if other[0] != name]
        for name, value in others:
            if (meant := NAMES.get(name)) in known:
                _say(read, str(meant), _completed(value) if name == "status" else value)
        unknown.note(other for other in others if NAMES.get(other[0]) not in known and other[0] not in KEPT)
    for name, plainer in _VALUES.items():
        if name in read:
            read[name] = plainer(read[name])
    return read


def _say(read: dict[str, Any], name: str, value: Any) -> None:
    plainer = _VALUES.get(name, lambda value: value)
    if name in read and _differ(plainer(read[name]), plainer(value)):
        raise PydanticCustomError("said_twice", "says two different things of {member}", {"member": name})
    read[name] = value


def _differ(one: Any, other: Any) -> bool:
    try:
        return bool(one != other)
    except RecursionError:  # to compare takes more of the stack than to read; nothing that deep means anything here
        return True


def _completed(status: Any) -> Any:
    """What is no status that is known goes on as it is, which is no boolean."""
    return STATUSES.get(status.lower(), status) if isinstance(status, str) else status


def _priority(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return PRIORITIES.get(value.lower(), value) if value else None


def _tags(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [tag for part in value.split(",") if (tag := part.strip())]


def _recurrence(value: Any) -> Any:
    """A rule alone, or what repeats so often that it has a word."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word in NEVER:
        return None
    return {"rule": FREQUENCIES.get(word, value)}


_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "due_date": lambda value: None if value == "" else value,
    "priority": _priority,
    "recurrence": _recurrence,
    "tags": _tags,
}
