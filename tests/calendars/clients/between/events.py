"""Events for a program that cannot do without them: the service, which has tasks, keeps them as tasks that say so.

Thus what such a program tries with events it tries with the service's own objects, queries and conditions.
"""

import re
from dataclasses import replace

from tests.calendars.clients.between.between import Message

MARK = "X-WAS-EVENT"

_FILTER = re.compile(rb'<(\w+:)?comp-filter name="V(EVENT|TODO)"(/?)>(?!<(?:\w+:)?is-not-defined)')
_COMPONENT = re.compile(rb"BEGIN:VTODO.*?END:VTODO", re.DOTALL)
_MARKED = re.compile(MARK.encode() + rb":1(?:&#13;|\r)?\n")


def hide(asked: Message) -> Message:
    """A request about events as one about tasks."""
    body = asked.body
    if asked.method == "PUT" and b"BEGIN:VEVENT" in body:
        body = body.replace(b"BEGIN:VEVENT", b"BEGIN:VTODO\r\n" + MARK.encode() + b":1").replace(
            b"END:VEVENT", b"END:VTODO"
        )
        body = re.sub(rb"^DTEND", b"DUE", body, flags=re.MULTILINE)
    elif asked.method == "REPORT":
        body = _FILTER.sub(_of_kind, body).replace(b'comp name="VEVENT"', b'comp name="VTODO"')
        body = body.replace(b'prop-filter name="DTEND"', b'prop-filter name="DUE"')
    return replace(asked, body=body)


def show(told: Message) -> Message:
    """What is such a task as the event that it was."""
    return replace(told, body=_COMPONENT.sub(_as_event, told.body))


def _of_kind(found: re.Match[bytes]) -> bytes:
    prefix, kind, is_closed = found[1] or b"", found[2], found[3]
    absent = b"" if kind == b"EVENT" else b"<%sis-not-defined/>" % prefix
    marked = b'<%sprop-filter name="%s">%s</%sprop-filter>' % (prefix, MARK.encode(), absent, prefix)
    end = b"</%scomp-filter>" % prefix if is_closed else b""
    return b'<%scomp-filter name="VTODO">%s%s' % (prefix, marked, end)


def _as_event(found: re.Match[bytes]) -> bytes:
    if not _MARKED.search(found[0]):
        return found[0]
    event = _MARKED.sub(b"", found[0]).replace(b"BEGIN:VTODO", b"BEGIN:VEVENT").replace(b"END:VTODO", b"END:VEVENT")
    return re.sub(rb"^DUE", b"DTEND", event, flags=re.MULTILINE)
