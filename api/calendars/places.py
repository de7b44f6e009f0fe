"""Where things are: a root, and for each user a principal, a home, and in it one collection with the tasks.

An address ends in a slash where it is a collection's, and is taken with and without it.
"""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, unquote, urlsplit

from api.tasks.objects.names import known_name
from core.types import UserId

ROOT = "/dav"
WELL_KNOWN = "/.well-known/caldav"
TASKS = "tasks"


class Kind(Enum):
    """With the route's template, for metrics and logs."""

    WELL_KNOWN = WELL_KNOWN
    ROOT = ROOT
    PRINCIPALS = f"{ROOT}/principals"
    PRINCIPAL = f"{ROOT}/principals/{{user_id}}"
    HOMES = f"{ROOT}/calendars"
    HOME = f"{ROOT}/calendars/{{user_id}}"
    COLLECTION = f"{ROOT}/calendars/{{user_id}}/{TASKS}"
    RESOURCE = f"{ROOT}/calendars/{{user_id}}/{TASKS}/{{name}}"
    NOTHING = f"{ROOT}/…"


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names."""

    kind: Kind
    user: UserId | None = None
    """Whom it names."""
    name: str = ""
    """Of a resource."""

    @property
    def href(self) -> str:
        """Its address, percent-encoded."""
        address = f"{self.kind.value}/" if self.kind is not Kind.RESOURCE else self.kind.value
        if self.user is not None:
            address = address.replace("{user_id}", quote(self.user, safe="@"))
        return address.replace("{name}", quote(self.name, safe="@"))


_FIXED = {(): Kind.ROOT, ("principals",): Kind.PRINCIPALS, ("calendars",): Kind.HOMES}


def is_ours(path: str) -> bool:
    """Whether it is for calendars."""
    return (path.startswith(ROOT) and (len(path) == len(ROOT) or path[len(ROOT)] == "/")) or path == WELL_KNOWN


def find(path: str) -> Place:
    """What a path names, percent-encoded as it was sent, with or without a slash at its end."""
    path = path.removesuffix("/")
    if not is_ours(path):
        return Place(Kind.NOTHING)
    if path == WELL_KNOWN:
        return Place(Kind.WELL_KNOWN)
    steps = [unquote(step) for step in path.split("/")[2:]]
    if (kind := _FIXED.get(tuple(steps))) is not None:
        return Place(kind)
    place = Place(Kind.NOTHING)
    match steps:
        case ["principals", user] if user:
            place = Place(Kind.PRINCIPAL, UserId(user))
        case ["calendars", user] if user:
            place = Place(Kind.HOME, UserId(user))
        case ["calendars", user, step] if user and step == TASKS:
            place = Place(Kind.COLLECTION, UserId(user))
        case ["calendars", user, step, name] if user and step == TASKS and known_name(name):
            place = Place(Kind.RESOURCE, UserId(user), name)
    return place


def of_reference(reference: str) -> Place:
    """What an address in a body or a header names: a path, or a whole URL, whose server nobody asks about."""
    try:
        path = urlsplit(reference.strip()).path
    except ValueError:
        return Place(Kind.NOTHING)
    return find(path)
