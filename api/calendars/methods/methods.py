"""Which there are; for all others the answer is 405."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from api.auth import Principal
from api.calendars.methods.propfind import Propfind, proppatch
from api.calendars.methods.resources import Resources, mkcalendar, stays
from api.calendars.places import Place
from api.calendars.reports.reports import Reports
from api.calendars.reports.sync import Sync
from api.calendars.source import Source
from api.hits.reads import CachedReads
from api.tasks.service import Tasks
from core.lists.lists import Lists

Method = Callable[[Request, Place, Principal], Awaitable[Response]]


class Methods:
    def __init__(self, lists: Lists, tasks: Tasks, reads: CachedReads) -> None:
        source = Source(lists, tasks, reads)
        resources = Resources(source)
        self._methods: dict[str, Method] = {
            "PROPFIND": Propfind(source),
            "PROPPATCH": proppatch,
            "REPORT": Reports(source, Sync(source)),
            "GET": resources.get,
            "PUT": resources.put,
            "DELETE": resources.delete,
            "MKCALENDAR": mkcalendar,
            "MKCOL": mkcalendar,
            "MOVE": stays,
            "COPY": stays,
        }

    def of(self, name: str) -> Method | None:
        return self._methods.get(name)
