"""From a query to the answer that is sent and stored: the same for the API and for the worker's audit of the cache."""

import re
from hashlib import blake2b
from typing import Literal, get_args

from core.cache.answer import Answer
from core.database.transaction import Transaction
from core.errors import DatabaseUnavailable
from core.tasks import crud, pages
from core.tasks.fields import REPRESENTATION
from core.tasks.questions import parse
from core.tasks.questions.queries import ChangesQuery, ListQuery, Query, StandQuery, StatsQuery, TaskQuery
from core.tasks.sync import changes
from core.tasks.sync.token import MAX_LENGTH, Token, decode, fingerprint
from core.types import UserId

Shape = Literal["array", "object"]

_CONTINUATION = re.compile(rb'"next":"([^"]+)","more":(true|false)\}$')
_LONGEST_CONTINUATION = MAX_LENGTH + 40


def make(transaction: Transaction, owner: UserId, query: Query, *, shape: Shape) -> Answer:
    """Ask PostgreSQL, in one statement, and give the answer with the revision of the list that it shows.

    Raises `NotFound`, `Resynchronise`, and `DatabaseUnavailable` when a standby has answered.
    """
    answer = _answer(transaction, owner, query, shape)
    if answer.history is None:
        raise DatabaseUnavailable("a standby has answered")
    return answer


def _answer(transaction: Transaction, owner: UserId, query: Query, shape: Shape) -> Answer:
    match query:
        case ListQuery():
            return _list(owner, query, pages.page(transaction, query), shape)
        case StatsQuery():
            stats = pages.stats(transaction, query)
            until = stats.until.timestamp() if stats.until else None
            body = stats.json.encode()
            return Answer(owner, stats.stand.revision, _etag(body), (), body, until, stats.stand.history)
        case TaskQuery(id=id_):
            task, stand = crud.get(transaction, id_)
            etag = crud.task_etag(task.id, task.revision)
            return Answer(owner, stand.revision, etag, (), task.json.encode(), history=stand.history)
        case ChangesQuery():
            return _page_of_changes(owner, query, changes.page(transaction, owner, query))
        case StandQuery():
            stand, token = changes.present(transaction, owner)
            body = token.encode().encode()
            return Answer(owner, stand.revision, _etag(body), (), body, history=stand.history)


def unchanged(owner: UserId, query: Query) -> Answer | None:
    """The answer while the list stands at the answer's revision, where the question alone tells it."""
    if not isinstance(query, ChangesQuery) or query.since is None or query.since.place is not None:
        return None
    if query.since.owner != fingerprint(owner):
        return None
    body = _changes("[]", query.since, more=False)
    return Answer(owner, query.since.revision, _etag(body), (), body)


def _list(owner: UserId, query: ListQuery, page: pages.Page, shape: Shape) -> Answer:
    body = _shaped(page, shape).encode()
    headers = [("x-total-count", str(page.total))]
    if page.next:
        headers.append(("link", f'<{query.after(page.next).variant}>; rel="next"'))
    etag = _etag(body, *(value for _, value in headers))
    return Answer(owner, page.stand.revision, etag, tuple(headers), body, history=page.stand.history)


def _page_of_changes(owner: UserId, query: ChangesQuery, page: changes.Page) -> Answer:
    """Stored where others ask the same: nobody else is at this place, and that nothing is new the fence tells."""
    body = _changes(page.json, page.next, more=page.more)
    between = query.since is not None and query.since.place is not None
    nothing_new = query.since == page.next
    return Answer(
        owner,
        page.stand.revision,
        _etag(body),
        (),
        body,
        history=page.stand.history,
        stored=not (between or nothing_new),
    )


def _changes(json: str, following: Token, *, more: bool) -> bytes:
    return f'{{"changes":{json},"next":"{following.encode()}","more":{"true" if more else "false"}}}'.encode()


def continuation(body: bytes) -> tuple[Token, bool]:
    """What a page of changes says of the next one: the token, and whether there is more."""
    [following, more] = _CONTINUATION.findall(body, max(0, len(body) - _LONGEST_CONTINUATION))[0]
    return decode(following.decode()), more == b"true"


def variant(query: Query, *, shape: Shape) -> str:
    """The name under which the answer is cached: deployments that would answer otherwise use other names."""
    return f"{REPRESENTATION}{shape[0]}{query.variant}"


def parse_variant(name: str) -> tuple[Query, Shape] | None:
    """The inverse of `variant`; None for what another representation of tasks has left behind."""
    for shape in get_args(Shape):
        prefix = f"{REPRESENTATION}{shape[0]}"
        if name.startswith(prefix + "/"):
            return parse.parse_variant(name.removeprefix(prefix)), shape
    return None


def _shaped(page: pages.Page, shape: Shape) -> str:
    if shape == "array":
        return page.json
    return f'{{"tasks":{page.json},"total":{page.total},"count":{page.count}}}'


def _etag(body: bytes, *headers: str) -> str:
    """Of all that the answer says: two pages with the same tasks but another total are different."""
    digest = blake2b(body, digest_size=12)
    for header in headers:
        digest.update(b"\0" + header.encode())
    return f'"{digest.hexdigest()}"'
