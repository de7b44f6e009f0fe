"""A folder of plain files for a program that knows nothing else: on the way to the service each becomes a task.

The service has one collection and makes none, so the folder that such a program makes first is that collection.
"""

import base64
import re
from dataclasses import replace

import httpx

from tests.calendars.clients.between.between import Message

FOLDER = "litmus/"
TYPE = "text/calendar; charset=utf-8"

_CONTENT = re.compile(rb"^X-CONTENT:(.*?)\r$", re.MULTILINE)
_CALENDAR = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Plain files//EN\r
BEGIN:VTODO\r
UID:{name}\r
DTSTAMP:20261128T100000Z\r
SUMMARY:{name}\r
X-CONTENT:{content}\r
END:VTODO\r
END:VCALENDAR\r
"""


def hide(asked: Message) -> Message:
    folder, is_within, name = asked.path.partition(FOLDER)
    if asked.method in ("MKCOL", "DELETE") and is_within and not name:
        status = 201 if asked.method == "MKCOL" else 204
        return Message(asked.method, asked.path, httpx.Headers(), b"", status)
    moved = replace(asked, path=folder + name)
    if asked.method == "PUT":
        content = base64.b64encode(asked.body).decode()
        body = _CALENDAR.format(name=name, content=content).encode()
        return replace(moved, body=body, headers=httpx.Headers({**asked.headers, "content-type": TYPE}))
    return moved


def show(told: Message) -> Message:
    content = _CONTENT.search(told.body)
    if told.method == "GET" and content:
        return replace(told, body=base64.b64decode(content[1]))
    return replace(told, body=told.body.replace(b"/tasks/", b"/tasks/" + FOLDER.encode()))
