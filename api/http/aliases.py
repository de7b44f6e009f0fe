"""Other paths under which frontends look for the tasks, each read as the documented one: same handlers, same cache.

`PREFIXES` is the list of where the task resource is looked for, `TASK_PREFIXES` adds to it; `_WAYS` are paths beneath
it. docs/frontend.md has them as a table.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from starlette.types import Scope

TASKS = "/api/tasks"
BY_USER = "/api/{user_id}/tasks"

PREFIXES = (
    "/api/v1/tasks",
    "/api/v1/{user_id}/tasks",
    "/api/users/{user_id}/tasks",
    "/api/todos",
    "/tasks",
    "/todos",
)
HEALTH = ("/health", "/api/health")

MEMO_ENTRIES = 4096
MEMO_LENGTH = 256

_USER = "{user_id}"


class _Way(NamedTuple):
    """What is read where one of `methods` meets `pattern` beneath a prefix."""

    methods: tuple[str, ...]
    pattern: re.Pattern[str]
    rest: str
    method: str | None = None
    query: str = ""


_WAYS = (
    _Way(("GET", "HEAD"), re.compile(r"/search"), ""),
    _Way(("GET", "HEAD"), re.compile(r"/filter/(?P<status>[a-z]+)"), "", query=r"status=\g<status>"),
    _Way(("PUT", "PATCH"), re.compile(r"(?P<task>/[^/]+)/status"), r"\g<task>"),
    _Way(("PATCH", "POST", "PUT"), re.compile(r"(?P<task>/[^/]+)/toggle(?:-complete)?"), r"\g<task>/toggle", "PATCH"),
    _Way(("POST", "PUT"), re.compile(r"(?P<task>/[^/]+)/complete"), r"\g<task>/complete", "PATCH"),
)

Read = tuple[str, str, bytes]
"""Method, path, and what is added to the query."""


class Aliases:
    """Reads a request's path; `more` are prefixes beside those of the list."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        prefixes = (*PREFIXES, *more, TASKS, BY_USER)
        self._prefix = re.compile("|".join(f"(?:{_pattern(prefix, number)})" for number, prefix in enumerate(prefixes)))
        self._read = lru_cache(MEMO_ENTRIES)(self._look)

    def resolve(self, scope: Scope) -> None:
        """Let an HTTP request be one for the documented path, if it is for another name of it."""
        method, path = scope["method"], scope["path"]
        if len(path) > MEMO_LENGTH:
            return
        read = self._read(method, path)
        if read is None:
            return
        scope["method"], scope["path"], more = read
        if more:
            scope["query_string"] = b"&".join(filter(None, (scope["query_string"], more)))

    def _look(self, asked: str, path: str) -> Read | None:
        """None where it is as it is asked."""
        method = asked
        if path.removesuffix("/") in HEALTH:
            return method, "/livez", b""
        found = self._prefix.match(path)
        if found is None:
            return None
        user = next((value for value in found.groupdict().values() if value is not None), None)
        prefix = TASKS if user is None else BY_USER.replace(_USER, user)
        rest, query = path[found.end() :].removesuffix("/"), b""
        for way in _WAYS:
            if method in way.methods and (fits := way.pattern.fullmatch(rest)):
                method, rest, query = way.method or method, fits.expand(way.rest), fits.expand(way.query).encode()
                break
        read = (method, prefix + rest, query)
        return None if read == (asked, path.removesuffix("/"), b"") else read


def _pattern(prefix: str, number: int) -> str:
    """Of a prefix as a whole step; whoever is named in it is the group."""
    return re.escape(prefix).replace(re.escape(_USER), f"(?P<user{number}>[^/]+)") + "(?=/|$)"
