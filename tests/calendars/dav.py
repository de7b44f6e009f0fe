"""A calendar's client for tests: it asks in XML, and reads multistatus."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Self
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import httpx

from tests.access.making import Made, make

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:caldav}"
S = "{http://calendarserver.org/ns/}"

HEAD = (
    'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/" '
    'xmlns:A="http://apple.com/ns/ical/"'
)


@dataclass
class Told:
    """What a multistatus says of one place."""

    href: str
    status: int | None
    properties: dict[str, ET.Element] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    """Properties that it does not have, with the status that says so."""

    @property
    def name(self) -> str:
        return unquote(self.href.rstrip("/").rpartition("/")[2])

    def text(self, name: str) -> str:
        return self.properties[name].text or ""

    def hrefs(self, name: str) -> list[str]:
        return [found.text or "" for found in self.properties[name].iter(f"{D}href")]


class Dav:
    """One program of one user's, with a personal token as its password."""

    def __init__(self, session: httpx.Client, user: str, *, scopes: list[str] | None = None) -> None:
        self.user = user
        self.made: Made = make(session, scopes)
        self.http = httpx.Client(base_url=session.base_url, auth=("anybody", self.made.token), timeout=60)
        self.home = f"/dav/calendars/{user}/"
        self.collection = f"{self.home}tasks/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def send(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, path, content=body or None, headers=named)

    def whole(self, question: tuple[str, str, str], *, basic: bool = True, host: str | None = None) -> httpx.Response:
        """Method, depth and body, of the collection, sent in one piece as a gateway does."""
        method, depth, body = question
        password = b64encode(f"x:{self.made.token}".encode()).decode()
        proof = f"Basic {password}" if basic else f"Bearer {self.made.token}"
        url = self.http.base_url
        lines = [f"{method} {self.collection} HTTP/1.1", f"host: {host or url.netloc.decode()}", f"depth: {depth}"]
        lines += [f"authorization: {proof}", f"content-length: {len(body.encode())}", "", body]
        with socket.create_connection((url.host, url.port or 80), timeout=60) as connection:
            connection.sendall("\r\n".join(lines).encode())
            answer = HTTPResponse(connection, method=method)
            answer.begin()
            return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())

    def propfind(self, path: str, *names: str, depth: str = "0") -> list[Told]:
        """Names as `D:href`."""
        body = f"<D:propfind {HEAD}><D:prop>{''.join(f'<{name}/>' for name in names)}</D:prop></D:propfind>"
        return read(self.send("PROPFIND", path, body, depth=depth))

    def report(self, kind: str, inside: str, *, path: str | None = None, depth: str = "1") -> httpx.Response:
        return self.send("REPORT", path or self.collection, f"<{kind} {HEAD}>{inside}</{kind}>", depth=depth)

    def put(self, name: str, body: str | bytes, **headers: str) -> httpx.Response:
        return self.send("PUT", self.collection + name, body, content_type="text/calendar; charset=utf-8", **headers)

    def etags(self) -> dict[str, str]:
        """Of all that is there, by name."""
        told = self.propfind(self.collection, "D:getetag", depth="1")
        return {each.name: each.text(f"{D}getetag") for each in told[1:]}


def read(answer: httpx.Response) -> list[Told]:
    assert answer.status_code == 207, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    return list(_read(ET.fromstring(answer.content)))


def sync_token(answer: httpx.Response) -> str:
    return ET.fromstring(answer.content).findtext(f"{D}sync-token") or ""


def condition(answer: httpx.Response) -> str:
    """The precondition that an error names."""
    root = ET.fromstring(answer.content)
    assert root.tag == f"{D}error"
    return root[0].tag


def _read(root: ET.Element) -> Iterator[Told]:
    assert root.tag == f"{D}multistatus"
    for response in root.findall(f"{D}response"):
        href, status = response.findtext(f"{D}href"), response.findtext(f"{D}status")
        assert href is not None
        told = Told(href, int(status.split()[1]) if status else None)
        for propstat in response.findall(f"{D}propstat"):
            code = int((propstat.findtext(f"{D}status") or "").split()[1])
            for found in propstat.find(f"{D}prop") or ():
                if code == 200:
                    told.properties[found.tag] = found
                else:
                    told.missing[found.tag] = code
        yield told


def todo(uid: str, *lines: str, summary: str = "A task") -> str:
    """A file with one to-do."""
    inside = (f"UID:{uid}", "DTSTAMP:20261128T100000Z", f"SUMMARY:{summary}", *lines)
    all_lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", "BEGIN:VTODO", *inside, "END:VTODO")
    return "".join(f"{line}\r\n" for line in (*all_lines, "END:VCALENDAR"))
