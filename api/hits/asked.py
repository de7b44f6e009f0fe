"""What a request asks of the cache, and on whose behalf."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from api.auth import Principal
from api.http.aliases import BY_USER
from core.cache.answer import Header
from core.errors import InvalidInput, Resynchronise
from core.tasks import answers
from core.tasks.questions.parse import parse_path
from core.tasks.questions.queries import LIST_PATH, Query
from core.types import UserId

MEMO_ENTRIES = 4096
MEMO_LENGTH = 512
"""Longer questions are rare, and the memo must stay small."""

_BY_USER = re.compile(r"/api/([^/]+)(/tasks(?:/.*)?)")
_NAMED = ("", "/changes", "/trash", "/stats")


class Form(NamedTuple):
    """How an answer is sent that is not the cached one itself, but made of it."""

    method: str
    name: str
    """Among all that are made of that answer."""
    status: int
    headers: tuple[Header, ...]
    media: Header
    made_of: Callable[[bytes], bytes | None]
    """None where the cached answer says something else than is asked."""


class Asked(NamedTuple):
    """By the request alone, whoever sends it."""

    named_user: str | None
    """Whom the path names."""
    query: Query
    variant: str
    route: str
    """The route's template."""
    form: Form | None = None
    """None: as it is cached, to a GET."""

    @property
    def kept_as(self) -> str:
        """What the answer is called among those that are ready to be sent."""
        return self.variant if self.form is None else f"{self.form.name} {self.variant}"

    @property
    def method(self) -> str:
        return "GET" if self.form is None else self.form.method


def asked(path: str, query: bytes, shape: answers.Shape) -> Asked | None:
    """None for what no hit answers."""
    return None if len(path) + len(query) > MEMO_LENGTH else _asked(path, query, shape)


def caller(principal: Principal | None, named_user: str | None) -> UserId | None:
    """Who asks, if somebody is known to, and the path names nobody else."""
    if principal is None or (named_user is not None and named_user != principal.user_id):
        return None
    return principal.user_id


@lru_cache(MEMO_ENTRIES)
def _asked(path: str, query: bytes, shape: answers.Shape) -> Asked | None:
    user, prefix = None, LIST_PATH
    path = path.removesuffix("/")
    if path != LIST_PATH and not path.startswith(LIST_PATH + "/"):
        by_user = _BY_USER.fullmatch(path)
        if by_user is None:
            return None
        user, path, prefix = by_user[1], "/api" + by_user[2], BY_USER
    try:
        question = parse_path(path, query)
    except (InvalidInput, Resynchronise):
        return None
    rest = path.removeprefix(LIST_PATH)
    route = prefix + (rest if rest in _NAMED else "/{task_id}")
    return Asked(user, question, answers.variant(question, shape=shape), route)
