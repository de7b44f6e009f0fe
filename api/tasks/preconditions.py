"""`If-Match` and `If-None-Match` on a change: in which of its states a task may be changed (RFC 9110, section 13.1)."""

import re
from collections.abc import Iterator

from api.http.conditional import ENTITY_TAG
from core.tasks.crud import Condition
from core.tasks.fields import REPRESENTATION
from core.types import Revision, TaskId


def condition(task: TaskId, *, if_match: str | None, if_none_match: str | None = None) -> Condition:
    """What the client asks of `task`: strong comparison for the one, weak for the other; None when it does not care.

    A tag that this service did not make for this task names no revision, so nothing matches it.
    """
    one_of, none_of = Condition().one_of, Condition().none_of
    if if_match is not None and if_match.strip() != "*":
        one_of = frozenset(_revisions(if_match, task, weak=False))
    if if_none_match is not None:
        none_of = None if if_none_match.strip() == "*" else frozenset(_revisions(if_none_match, task, weak=True))
    return Condition(one_of, none_of)


def _revisions(tags: str, task: TaskId, *, weak: bool) -> Iterator[Revision]:
    prefix = f"{REPRESENTATION}-{task}-"
    for match in ENTITY_TAG.finditer(tags):
        revision = match["opaque"].removeprefix(prefix)
        if (
            (weak or not match["weak"])
            and match["opaque"].startswith(prefix)
            and re.fullmatch(r"[0-9]{1,18}", revision, re.ASCII)
        ):
            yield Revision(int(revision))
