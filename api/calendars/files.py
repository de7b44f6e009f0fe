"""A resource as its file, and how a file is read: the room of objects does both; here are the errors' names."""

import json
from http import HTTPStatus

from api.calendars.answers import Refused
from api.calendars.xml.names import caldav
from api.calendars.xml.write import escaped
from api.tasks import objects
from api.tasks.objects.content import Part
from api.tasks.objects.write import written
from core.calendars.reads import Resource
from core.calendars.writes import Todo
from core.errors import InvalidCalendar

CALENDAR_TYPE = "text/calendar"


def file_of(resource: Resource) -> bytes:
    """The bytes that a GET sends; always the same of one state."""
    assert resource.json is not None
    return objects.write(json.loads(resource.json))


def calendar_of(resource: Resource) -> Part:
    """The same as components, for whoever looks into it."""
    assert resource.json is not None
    return written(json.loads(resource.json))


def todo_of(body: bytes) -> Todo:
    """What a PUT says; raises `Refused` with the precondition that does not hold, and where."""
    try:
        return objects.read(body)
    except InvalidCalendar as error:
        raise not_taken(error) from None


def not_taken(error: InvalidCalendar) -> Refused:
    """By the precondition, and with the sentence."""
    return Refused(HTTPStatus.FORBIDDEN, caldav(error.precondition), explained(error.detail))


def explained(detail: str) -> str:
    """A sentence for a person, where a program reads names."""
    return f'<T:detail xmlns:T="urn:tasklane:dav">{escaped(detail)}</T:detail>'
