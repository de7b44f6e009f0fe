"""`If-Match` and `If-None-Match` on a change: in which of its states a task may be changed (RFC 9110, section 13.1)."""

import re
from collections.abc import Iterator

from api.http.conditional import ENTITY_TAG
from core.tasks.crud import Condition
from core.types import Revision, TaskId

_OF_A_TASK = re.compile(r"[1-9][0-9]{0,4}-(?P<task>[1-9][0-9]{0,18})-(?P<revision>[0-9]{1,18})")
"""Whatever the representation: see `core.tasks.crud.task_etag`."""


def condition(task: TaskId, *, if_match: str | None, if_none_match: str | None = None) -> Condition:
    """What the client asks of `task`: strong comparison for the one, weak for the other; None when it does not care.

    A tag that this service did not make for this task names no revision, so nothing matches it. One of another release
    does: a task that looks otherwise there is in the same state, and clients hold tags longer than an upgrade takes.
    """
    one_of, none_of = Condition().one_of, Condition().none_of
    if if_match is not None and if_match.strip() != "*":
        one_of = frozenset(_revisions(if_match, task, weak=False))
    if if_none_match is not None:
        none_of = None if if_none_match.strip() == "*" else frozenset(_revisions(if_none_match, task, weak=True))
    return Condition(one_of, none_of)


def _revisions(tags: str, task: TaskId, *, weak: bool) -> Iterator[Revision]:
    for match in ENTITY_TAG.finditer(tags):
        made = _OF_A_TASK.fullmatch(match["opaque"])
        if made and int(made["task"]) == task and (weak or not match["weak"]):
            yield Revision(int(made["revision"]))
