"""What each place has to say of itself (RFC 4918, 3744, 4791, 5397, 6578), as XML."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from api.auth import Principal
from api.calendars.answers import Propstats
from api.calendars.places import Kind, Place
from api.calendars.xml.names import CALENDAR_SERVER, caldav, dav
from api.calendars.xml.write import element, escaped, href
from api.tasks.objects import MAX_BYTES
from core.calendars.reads import Resource
from core.tasks.crud import task_etag

SENT_TYPE = "text/calendar; charset=utf-8; component=VTODO"
SYNC_TOKEN = "urn:tasklane:sync:"  # noqa: S105  # no secret
"""In front of a token of `changes`: a sync-token is a URI."""

GETCTAG = f"{{{CALENDAR_SERVER}}}getctag"
OF_THE_STAND = frozenset({GETCTAG, dav("sync-token")})
"""Of the collection: what only the list's revision tells."""
PRIVILEGES = dav("current-user-privilege-set")
"""Which are a token's, not its user's."""
CONTENT_LENGTH = dav("getcontentlength")
CALENDAR_DATA = caldav("calendar-data")


@dataclass(frozen=True, slots=True)
class Facts:
    """What properties are made of."""

    place: Place
    principal: Principal
    stand: str = ""
    """The token of `changes` of whoever has seen the whole list, where the collection is asked for it."""
    resource: Resource | None = None
    size: int | None = None
    """Of the resource's file, where it is asked for."""


Value = Callable[[Facts], str]


def _mine(kind: Kind, facts: Facts) -> str:
    return href(Place(kind, facts.principal.user_id).href)


def _resource_type(facts: Facts) -> str:
    match facts.place.kind:
        case Kind.RESOURCE:
            return ""
        case Kind.PRINCIPAL:
            return "<D:collection/><D:principal/>"
        case Kind.COLLECTION:
            return "<D:collection/><C:calendar/>"
    return "<D:collection/>"


def _privileges(facts: Facts) -> str:
    """What the token is good for, where anything can be written at all."""
    scopes = facts.principal.scopes
    names = ["read", "read-current-user-privilege-set"] if scopes is None or "tasks:read" in scopes else []
    if facts.place.kind in (Kind.COLLECTION, Kind.RESOURCE) and (scopes is None or "tasks:write" in scopes):
        names += ["write", "write-content", "bind", "unbind"]
    return "".join(f"<D:privilege><D:{name}/></D:privilege>" for name in names)


def _reports(facts: Facts) -> str:
    if facts.place.kind is not Kind.COLLECTION:
        return ""
    names = ("<C:calendar-query/>", "<C:calendar-multiget/>", "<D:sync-collection/>")
    return "".join(f"<D:supported-report><D:report>{name}</D:report></D:supported-report>" for name in names)


def _etag(facts: Facts) -> str:
    return escaped(etag_of(_resource(facts)))


def _resource(facts: Facts) -> Resource:
    assert facts.resource is not None
    return facts.resource


def etag_of(resource: Resource) -> str:
    """The task's."""
    return task_etag(resource.id, resource.revision)


_ANYWHERE: dict[str, Value] = {
    dav("resourcetype"): _resource_type,
    dav("current-user-principal"): lambda facts: _mine(Kind.PRINCIPAL, facts),
    PRIVILEGES: _privileges,
    dav("principal-collection-set"): lambda _: href(Place(Kind.PRINCIPALS).href),
    dav("supported-report-set"): _reports,
    dav("supportedlock"): lambda _: "",
    dav("owner"): lambda facts: _mine(Kind.PRINCIPAL, facts),
}


def _named(name: str) -> dict[str, Value]:
    return {**_ANYWHERE, dav("displayname"): lambda _: name}


_OF_THE_PRINCIPAL: dict[str, Value] = {
    **_ANYWHERE,
    dav("displayname"): lambda facts: escaped(facts.principal.user_id),
    dav("principal-URL"): lambda facts: _mine(Kind.PRINCIPAL, facts),
    dav("alternate-URI-set"): lambda _: "",
    dav("group-membership"): lambda _: "",
    caldav("calendar-home-set"): lambda facts: _mine(Kind.HOME, facts),
    caldav("calendar-user-address-set"): lambda facts: _mine(Kind.PRINCIPAL, facts),
    caldav("calendar-user-type"): lambda _: "INDIVIDUAL",
}

_OF_THE_COLLECTION: dict[str, Value] = {
    **_named("Tasks"),
    GETCTAG: lambda facts: escaped(facts.stand),
    dav("sync-token"): lambda facts: escaped(SYNC_TOKEN + facts.stand),
    caldav("supported-calendar-component-set"): lambda _: '<C:comp name="VTODO"/>',
    caldav("supported-calendar-data"): lambda _: '<C:calendar-data content-type="text/calendar" version="2.0"/>',
    caldav("supported-collation-set"): lambda _: "".join(
        f"<C:supported-collation>{name}</C:supported-collation>"
        for name in ("i;ascii-casemap", "i;octet", "i;unicode-casemap")
    ),
    caldav("max-resource-size"): lambda _: str(MAX_BYTES),
}

_OF_A_RESOURCE: dict[str, Value] = {
    **_ANYWHERE,
    dav("getetag"): _etag,
    dav("getcontenttype"): lambda _: SENT_TYPE,
    CONTENT_LENGTH: lambda facts: str(facts.size),
    dav("getlastmodified"): lambda facts: _resource(facts).modified,
    dav("creationdate"): lambda facts: _resource(facts).created,
}

_OF: Mapping[Kind, Mapping[str, Value]] = {
    Kind.ROOT: _named("Tasklane"),
    Kind.PRINCIPALS: _named("People"),
    Kind.PRINCIPAL: _OF_THE_PRINCIPAL,
    Kind.HOMES: _named("Calendars"),
    Kind.HOME: _named("Calendars"),
    Kind.COLLECTION: _OF_THE_COLLECTION,
    Kind.RESOURCE: _OF_A_RESOURCE,
}

_USUAL = frozenset(
    map(dav, ("resourcetype", "displayname", "getetag", "getcontenttype", "getlastmodified", "creationdate", "owner"))
)
"""What `allprop` gives: RFC 4791, 5.2, and the others would have theirs left out."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which properties are asked for."""

    names: tuple[str, ...] = ()
    everything: bool = False
    """Also all that are usual."""
    names_only: bool = False
    minimal: bool = False
    """What is not there need not be told (RFC 8144)."""

    def asks_for(self, names: Iterable[str]) -> bool:
        return not self.names_only and any(name in self.names for name in names)


def told(facts: Facts, wanted: Wanted, more: Mapping[str, str] | None = None) -> Propstats:
    """The properties of a place by what became of them; `more` are given besides, as XML of their own."""
    known = _OF.get(facts.place.kind, {})
    if wanted.names_only:
        return {HTTPStatus.OK: [element(name) for name in known]}
    names = dict.fromkeys(wanted.names)
    if wanted.everything:
        names = dict.fromkeys([*(name for name in known if name in _USUAL), *names])
    found, missing = [], []
    for name in names:
        if more and name in more:
            found.append(more[name])
        elif (value := known.get(name)) is not None:
            found.append(element(name, value(facts)))
        else:
            missing.append(element(name))
    return {HTTPStatus.OK: found, HTTPStatus.NOT_FOUND: [] if wanted.minimal else missing}


def protected(kind: Kind) -> frozenset[str]:
    """The properties that a place has, none of which anybody sets."""
    return frozenset(_OF.get(kind, {}))
