"""In which of its states a resource may be changed: RFC 9110, section 13.1, and `If` (RFC 4918, section 10.4)."""

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus

from starlette.datastructures import Headers

from api.calendars.answers import Refused
from api.calendars.places import Place, of_reference
from api.calendars.source import Source
from api.http.conditional import in_all
from api.tasks import preconditions
from core.calendars.writes import ConditionOf
from core.errors import NotFound, PreconditionFailed
from core.tasks.crud import ANY_STATE, Condition
from core.types import Revision, TaskId, UserId

_ONE = r"""\s*(not\s*)?(?:<[^<>\s]+>|\[((?:W/)?"[^"]*")\])"""
_CONDITION = re.compile(_ONE, re.IGNORECASE)
_LIST = re.compile(rf"\s*(?:<(?P<of>[^<>\s]+)>\s*)?\((?P<all>(?:{_ONE})+)\s*\)[\s,]*", re.IGNORECASE)


async def condition_of(headers: Headers, place: Place, owner: UserId, source: Source) -> ConditionOf:
    """All that the headers want, once it is known of which task.

    Raises `PreconditionFailed` where it is known already that it cannot be, and `Refused` for an `If` that is none.
    """
    if_match, if_none_match = (in_all(headers, name) for name in ("if-match", "if-none-match"))
    wanted: list[ConditionOf] = [partial(preconditions.condition, if_match=if_match, if_none_match=if_none_match)]
    if if_match is None and (since := _date(headers.get("if-unmodified-since"))) is not None:
        wanted.append(await _unmodified(since, place, owner, source))
    if (said := in_all(headers, "if")) is not None:
        wanted.append(partial(_any_of, [conditions for of, conditions in _lists(said) if of in (None, place)]))
    return partial(_all_of, wanted)


async def _unmodified(since: datetime, place: Place, owner: UserId, source: Source) -> ConditionOf:
    """As it stands now, if that is not newer; of what is not there nobody knows when it was changed."""
    try:
        resource = await source.resource(owner, place.name)
    except NotFound:
        return lambda _: ANY_STATE
    if parsedate_to_datetime(resource.modified) > since:
        raise PreconditionFailed("")
    return lambda _: Condition(frozenset((resource.revision,)))


def _date(said: str | None) -> datetime | None:
    """What is no date is to be passed over (RFC 9110, section 13.1.4)."""
    try:
        found = parsedate_to_datetime(said) if said else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _lists(said: str) -> Iterator[tuple[Place | None, str]]:
    """Conditions all of which must hold, and of what: None for the resource of the request. Raises `Refused`."""
    at, of = 0, None
    while at < len(said) or at == 0:
        found = _LIST.match(said, at)
        if found is None:
            raise Refused(HTTPStatus.BAD_REQUEST)
        if found["of"]:
            of = of_reference(found["of"])
        yield of, found["all"]
        at = found.end()


def _any_of(lists: list[str], task: TaskId) -> Condition:
    """The states in which one list holds: some, or all but some."""
    some: frozenset[Revision] = frozenset()
    all_but: frozenset[Revision] | None = None
    for conditions in lists:
        one_of, none_of = _in_all(conditions, task)
        if one_of is not None:
            some |= one_of - none_of
        else:
            all_but = none_of if all_but is None else all_but & none_of
    return Condition(some) if all_but is None else Condition(none_of=all_but - some)


def _in_all(conditions: str, task: TaskId) -> tuple[frozenset[Revision] | None, frozenset[Revision]]:
    """The states in which all hold: those (None: any), but these. No resource is in a state that a token names: there
    are no locks.
    """
    one_of, none_of = ANY_STATE.one_of, frozenset[Revision]()
    for is_not, tag in _CONDITION.findall(conditions):
        named = preconditions.condition(task, if_match=tag).one_of or frozenset()
        if is_not:
            none_of |= named
        else:
            one_of = named if one_of is None else one_of & named
    return one_of, none_of


def _all_of(wanted: list[ConditionOf], task: TaskId) -> Condition:
    one_of, none_of = ANY_STATE.one_of, ANY_STATE.none_of
    for condition in (each(task) for each in wanted):
        if condition.one_of is not None:
            one_of = condition.one_of if one_of is None else one_of & condition.one_of
        none_of = None if none_of is None or condition.none_of is None else none_of | condition.none_of
    return Condition(one_of, none_of)
