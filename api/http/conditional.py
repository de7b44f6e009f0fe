"""Conditional requests (RFC 9110, section 13): who has this already."""

import re

from starlette.datastructures import Headers

ENTITY_TAG = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e\x80-\xff]*)"')


def in_all(headers: Headers, name: str) -> str | None:
    """The list that all headers of that name are together (RFC 9110, section 5.3); None if there is none."""
    return ", ".join(values) if (values := headers.getlist(name)) else None


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this representation: weak comparison, `*` matches anything."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in {f'"{match["opaque"]}"' for match in ENTITY_TAG.finditer(if_none_match)}
