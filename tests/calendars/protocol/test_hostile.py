"""Whatever a calendar's program sends: a clear answer, little memory, and nothing is fetched."""

import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from core.types import UserId
from tests.calendars.dav import Dav, read
from tests.calendars.protocol.test_query import in_range, query
from tests.hostile import calendars
from tests.hostile.__main__ import forget_the_most, memory
from tests.hostile.calendars import Kind
from tests.stack import ApiProcess, Stack, client, new_user

MORE_MEGABYTES = 20
NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def target(stack: Stack) -> Iterator[ApiProcess]:
    """An API of its own."""
    api = stack.api(LIMIT_WRITES_RATE="0", LIMIT_READS_RATE="0")
    yield api
    api.stop()


@pytest.fixture(scope="module")
def mallory(target: ApiProcess) -> Iterator[Dav]:
    """Who has asked and put before, so that all is there that it takes."""
    user = UserId(new_user())
    with client(target.url, user) as session, Dav(session, user) as dav:
        assert dav.put("right.ics", calendars.todo(f"DESCRIPTION:{'x' * 100_000}")).status_code == 201
        dav.send("DELETE", f"{dav.collection}right.ics")
        many = "<D:href>/</D:href>" * 11_000
        assert dav.report("C:calendar-multiget", many).status_code == 207
        yield dav


@pytest.mark.parametrize("kind", calendars.xml(NOWHERE), ids=str)
def test_xml_that_is_made_to_hurt(target: ApiProcess, mallory: Dav, kind: Kind) -> None:
    """It is refused by every method that reads XML, and the process does not grow."""
    assert target.pid
    body = kind.make()
    for method in ("PROPFIND", "REPORT", "PROPPATCH"):
        forget_the_most(target.pid)
        before = memory(target.pid, "VmRSS")
        assert mallory.send(method, mallory.collection, body, depth="0").status_code in kind.statuses, method
        assert memory(target.pid, "VmHWM") < before + MORE_MEGABYTES


def test_no_question_asks_for_more_than_anybody_needs(mallory: Dav) -> None:
    """Each task would be told of in as many words, or looked through as often."""
    many = "".join(f"<x{number}/>" for number in range(201))
    assert mallory.send("PROPFIND", mallory.collection, calendars.within(many), depth="1").status_code == 400
    filters = '<C:prop-filter name="SUMMARY"/>' * 101
    assert query(mallory, f'<C:comp-filter name="VTODO">{filters}</C:comp-filter>').status_code == 403
    hrefs = f"<D:href>{mallory.collection}x</D:href>" * 100
    assert len(read(mallory.report("C:calendar-multiget", hrefs))) == 1


def test_nothing_is_fetched(mallory: Dav) -> None:
    """An address that XML names is never asked: nobody knocks."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        for kind in calendars.xml(f"http://127.0.0.1:{port}/x"):
            if "address" in kind.name or "parameter" in kind.name:
                assert mallory.send("PROPFIND", "/dav/", kind.make(), depth="0").status_code == 400
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("kind", calendars.OBJECTS, ids=str)
def test_objects_that_are_made_to_hurt(target: ApiProcess, mallory: Dav, kind: Kind) -> None:
    """They are refused; or taken, and then no question about them takes much."""
    assert target.pid
    body = kind.make()
    forget_the_most(target.pid)
    before = memory(target.pid, "VmRSS")
    answer = mallory.put("hostile.ics", body)
    assert answer.status_code in kind.statuses, answer.text
    for asked in (in_range("20260101T000000Z", "20300101T000000Z"), in_range("20990101T000000Z", None)):
        answer = query(mallory, f'<C:comp-filter name="VTODO">{asked}</C:comp-filter>')
        assert len(read(answer)) <= 1
    assert memory(target.pid, "VmHWM") < before + MORE_MEGABYTES
    mallory.send("DELETE", f"{mallory.collection}hostile.ics")


def test_others_are_in_nobodys_way(target: ApiProcess, mallory: Dav) -> None:
    """Two questions of a user that take long to be sent do not come in at once; a short one does."""
    long = calendars.within("<D:getetag/>" + " " * 200_000)
    head = f"PROPFIND /dav/ HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {mallory.made.token}\r\ndepth: 0\r\n"
    with contextlib.closing(socket.create_connection(("127.0.0.1", target.port), timeout=60)) as line:
        line.sendall(f"{head}content-length: {len(long)}\r\n\r\n".encode() + long[:100_000])
        busy: httpx.Response | None = None
        for _ in range(1000):
            busy = mallory.send("PROPFIND", "/dav/", long, depth="0")
            if busy.status_code == 503:
                break
        assert busy is not None
        assert busy.status_code == 503
        assert mallory.propfind("/dav/", "D:displayname")
        line.sendall(long[100_000:])
        assert line.recv(65536).startswith(b"HTTP/1.1 207 ")
