"""Conditional requests (RFC 9110, section 13): who has this already, and who has seen what they are changing."""

import re

from core.queries import REPRESENTATION
from core.tasks import Expected
from core.types import Revision, TaskId

_ENTITY_TAG = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e\x80-\xff]*)"')


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this representation: weak comparison, `*` matches anything."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in {f'"{match["opaque"]}"' for match in _ENTITY_TAG.finditer(if_none_match)}


def expected_revisions(if_match: str | None, task: TaskId) -> Expected:
    """The revisions of `task` that the client accepts: strong comparison; None when it does not care.

    A tag that this service did not make for this task names no revision, so nothing matches it.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    prefix = f"{REPRESENTATION}-{task}-"
    revisions = set()
    for match in _ENTITY_TAG.finditer(if_match):
        revision = match["opaque"].removeprefix(prefix)
        if (
            not match["weak"]
            and match["opaque"].startswith(prefix)
            and re.fullmatch(r"[0-9]{1,18}", revision, re.ASCII)
        ):
            revisions.add(Revision(int(revision)))
    return frozenset(revisions)
