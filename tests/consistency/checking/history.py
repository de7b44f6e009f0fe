"""What the clients of a run saw and what the database wrote down: all that the checker knows."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

Outcome = Literal["ok", "fail", "unknown"]
"""`fail`: the service said that nothing was changed; `unknown`: it said so, or it said nothing."""

Action = Literal["create", "update", "toggle", "delete"]

LIST = "/api/tasks"
ACCOUNT = "/api/account"
"""How many tasks a user has, the trash included: the one read that no cache stands before."""
ERASES = "erase everything"
"""The kind of an operation after which all of a user's tasks go, soon."""

COLOURS = ("red", "green", "blue")
PRIORITIES = ("low", "medium", "high", "urgent")

Shown = tuple[Any, ...]
"""What an answer says, so that two answers are equal when they say the same; the shape depends on the question."""


class Item(NamedTuple):
    """A task as clients see it."""

    id: int
    user: str
    title: str
    description: str | None
    completed: bool
    priority: str
    tags: tuple[str, ...]
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, task: Mapping[str, Any]) -> "Item":
        """From the JSON of the contract."""
        return cls(
            task["id"],
            task["user_id"],
            task["title"],
            task["description"],
            task["completed"],
            task["priority"],
            tuple(task["tags"]),
            task["created_at"],
            task["updated_at"],
        )


Items = Sequence[Item]
"""A user's live tasks, the newest first."""


def _whole(items: Items) -> Shown:
    return (len(items), *items)


def _page(first: int, last: int) -> Callable[[Items], Shown]:
    return lambda items: (len(items), *items[first:last])


def _those(test: Callable[[Item], object]) -> Callable[[Items], Shown]:
    def answer(items: Items) -> Shown:
        found = [item for item in items if test(item)]
        return (len(found), *found)

    return answer


def _statistics(items: Items) -> Shown:
    completed = sum(item.completed for item in items)
    priorities = [item.priority for item in items]
    return (len(items), completed, *(priorities.count(name) for name in PRIORITIES))


QUESTIONS: dict[str, Callable[[Items], Shown]] = {
    LIST: _whole,
    f"{LIST}?limit=5": _page(0, 5),
    f"{LIST}?limit=5&offset=5": _page(5, 10),
    f"{LIST}?status=pending": _those(lambda item: not item.completed),
    f"{LIST}?completed=true&priority=high": _those(lambda item: item.completed and item.priority == "high"),
    f"{LIST}?tag=red": _those(lambda item: "red" in item.tags),
    f"{LIST}?search=blue": _those(lambda item: "blue" in (item.description or "")),
    f"{LIST}?sort=updated": lambda items: (len(items), *sorted(items, key=attrgetter("updated_at", "id"))),
    f"{LIST}/stats": _statistics,
}
"""What clients ask about a whole list, and what the answer is when these are the user's tasks.

A list is shown as how many tasks match and those of the page. One task is asked for as `/api/tasks/17` and shown as
`(task,)`, or as `()` when it is not there. The account is shown as its user and a number.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a write was to do."""

    action: Action
    token: str = ""
    """Unique: the description's first word of a created task, the title of an updated one."""
    task: int = 0
    expected: str = ""
    """The ETag that `If-Match` named."""
    etag: str = ""
    """The one that the answer gave."""
    item: Item | None = None
    """The task as the answer showed it."""


@dataclass(slots=True)
class Operation:
    """One thing that a client did. Times are monotonic seconds; an unknown write may take effect after its end."""

    user: str
    session: int
    process: int
    kind: str
    start: float
    end: float = 0.0
    outcome: Outcome = "unknown"
    status: int = 0
    """0: no answer arrived."""
    question: str = ""
    shown: Shown | None = None
    changes: tuple[Change, ...] = ()
    cache: str = ""
    """What `X-Cache` said."""
    etag: str = ""
    fault: str = ""
    """What is wrong with the answer by itself."""
    problem: str = ""
    """What a refusal said."""
    revision: int | None = None
    """The list's, by the token that a page of changes gave; where one was refused, up to which its bearer knew all."""
    told: tuple[Item | int, ...] = ()
    """The changes of the page, in its order; of a tombstone the id."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A version of a task, in the order in which the user's changes took effect; written by the database itself."""

    transaction: int
    revision: int
    item: Item
    deleted: bool = False
    erased: bool = False
    """Nothing is left of it; `revision` is the one that the list took for that."""


Log = dict[str, list[Logged]]
"""By user."""


@dataclass(slots=True)
class Loss:
    """A failover or a restore: what the server that died had recorded, and its successor has not, is lost."""

    died: float
    """When it was dead: from here on it makes nothing, and nobody has seen its successor yet."""
    served: float = inf
    """When its successor had taken its place."""
    log: Log = field(default_factory=dict)
    """All that the dead one has left on its disk."""


@dataclass(slots=True)
class History:
    """A whole run; `log` is what the server says that serves at its end."""

    operations: list[Operation] = field(default_factory=list)
    log: Log = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    """In their order."""

    def of(self, user: str) -> "History":
        """What concerns one user."""
        losses = [Loss(loss.died, loss.served, {user: loss.log.get(user, [])}) for loss in self.losses]
        return History([item for item in self.operations if item.user == user], {user: self.log.get(user, [])}, losses)


def revision_of(etag: str) -> int:
    """The list's revision at which a task last changed: what follows the last hyphen of the task's ETag; 0 for none."""
    return int(etag.strip('"').rpartition("-")[2] or 0)


def save(history: History, path: Path) -> None:
    """A line of JSON per operation, one per logged version, and one per loss, followed by what the dead had logged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for operation in history.operations:
            file.write(json.dumps({"operation": asdict(operation)}) + "\n")
        _write(file, history.log)
        for loss in history.losses:
            file.write(json.dumps({"loss": [loss.died, loss.served]}) + "\n")
            _write(file, loss.log)


def load(path: Path) -> History:
    """The inverse."""
    history = History()
    log = history.log
    for line in path.read_text().splitlines():
        found = json.loads(line)
        if raw := found.get("operation"):
            raw["shown"] = None if raw["shown"] is None else tuple(map(_restored, raw["shown"]))
            raw["told"] = tuple(map(_restored, raw.get("told", ())))
            raw["changes"] = tuple(Change(**{**change, "item": _restored(change["item"])}) for change in raw["changes"])
            history.operations.append(Operation(**raw))
        elif times := found.get("loss"):
            history.losses.append(Loss(*times))
            log = history.losses[-1].log
        else:
            logged = found["logged"]
            item = _item(logged.pop("item"))
            log.setdefault(item.user, []).append(Logged(item=item, **logged))
    return history


def _write(file: IO[str], log: Log) -> None:
    for versions in log.values():
        for logged in versions:
            file.write(json.dumps({"logged": asdict(logged)}) + "\n")


def _restored(value: Any) -> Any:
    return _item(value) if isinstance(value, list) else value


def _item(fields: list[Any]) -> Item:
    fields[6] = tuple(fields[6])
    return Item._make(fields)
