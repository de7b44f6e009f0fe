"""`If-Match` on a task: which of its states may be changed (RFC 9110, section 13.1.1)."""

import re

from api.http.conditional import ENTITY_TAG
from core.tasks.crud import Expected
from core.tasks.fields import REPRESENTATION
from core.types import Revision, TaskId


def expected_revisions(if_match: str | None, task: TaskId) -> Expected:
    """The revisions of `task` that the client accepts: strong comparison; None when it does not care.

    A tag that this service did not make for this task names no revision, so nothing matches it.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    prefix = f"{REPRESENTATION}-{task}-"
    revisions = set()
    for match in ENTITY_TAG.finditer(if_match):
        revision = match["opaque"].removeprefix(prefix)
        if (
            not match["weak"]
            and match["opaque"].startswith(prefix)
            and re.fullmatch(r"[0-9]{1,18}", revision, re.ASCII)
        ):
            revisions.add(Revision(int(revision)))
    return frozenset(revisions)
