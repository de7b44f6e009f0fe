"""Which requests are known by their bytes, and what that takes."""

import pytest

from api.hits.asked import Asked
from api.hits.known import MAX_REQUEST_BYTES, KnownRequests, Mark
from core.tasks.questions.queries import ListQuery
from core.types import UserId

ALICE = UserId("alice")
MARK = Mark(b"Bearer t", Asked(None, ListQuery(), "/a", "/api/tasks"), None, None)
PLAIN = b"GET /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n"


def named(value: bytes, *, at: bytes = b"Authorization") -> bytes:
    return PLAIN.replace(at, b"X-Request-ID: " + value + b"\r\n" + at)


def learned(*requests: bytes) -> KnownRequests:
    known = KnownRequests()
    for request in requests:
        known.learn(request, MARK, [], owner=ALICE)
    return known


@pytest.mark.parametrize("first", [PLAIN, named(b"1"), named(b"1", at=b"Host")])
def test_its_id_is_no_part_of_it(first: bytes) -> None:
    """Whatever the id, wherever it stands, or without one; and the id is told."""
    known = learned(first)
    for request, identity in ((PLAIN, None), (named(b"a.B_9-"), b"a.B_9-"), (named(b"2", at=b"Host"), b"2")):
        found = known.find(request)
        assert found is not None
        assert found[1] == identity


@pytest.mark.parametrize(
    "other",
    [
        PLAIN[:-2],
        PLAIN + PLAIN,
        b"\r\n" + PLAIN,
        PLAIN.replace(b"Bearer t", b"Bearer u"),
        PLAIN.replace(b"Host: x", b"Host: y"),
        named(b"two words"),
        named(b"x" * 65),
        named(b""),
        named(b"1 "),
        named(b"1\r\n folded"),
        named(b"1\r\nX-Request-ID: 2"),
        b"X-Request-ID: 1\r\n" + PLAIN,
        b"\r\nX-Request-ID: 1" + PLAIN,
        PLAIN[:-2] + b"X-Request-ID: 1\r\n",
        PLAIN + b"X-Request-ID: 1\r\n\r\n",
    ],
)
def test_another_request_is_not_it(other: bytes) -> None:
    """What uvicorn would read in another way, or would not have read to its end, is unknown."""
    assert learned(PLAIN).find(other) is None


@pytest.mark.parametrize(
    "unusual",
    [
        b"\r\n" + PLAIN,
        PLAIN.replace(b"GET", b"HEAD"),
        PLAIN.replace(b"1.1", b"1.0"),
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN[:-2] + b"Content-Length: 0\r\n\r\n",
        PLAIN[:-2] + b"transfer-encoding: chunked\r\n\r\n",
        PLAIN[:-2] + b"Expect: 100-continue\r\n\r\n",
        PLAIN[:-2] + b"UPGRADE: h2c\r\n\r\n",
        PLAIN[:-2] + b"X-Folded: a\r\n b\r\n\r\n",
        PLAIN[:-2] + b"X-Latin: \xe9\r\n\r\n",
        named(b"1\r\nX-Request-ID: 2"),
        named(b"<x>"),
        PLAIN[:-2] + b"X-Long: " + b"x" * MAX_REQUEST_BYTES + b"\r\n\r\n",
    ],
)
def test_what_is_not_plain_is_never_known(unusual: bytes) -> None:
    """However often it comes."""
    known = learned(unusual, unusual)
    assert known.find(unusual) is None
    assert known.size == 0


def test_the_memory_is_bounded_and_the_last_used_stay() -> None:
    """By what the requests weigh, not by their number."""
    known = KnownRequests(capacity=100_000)
    for number in range(1000):
        known.learn(PLAIN.replace(b"Host: x", b"Host: %d" % number), MARK, [], owner=ALICE)
        assert known.find(PLAIN.replace(b"Host: x", b"Host: 0"))
        assert known.size <= 100_000
    assert known.find(PLAIN.replace(b"Host: x", b"Host: 1")) is None
    assert known.find(PLAIN.replace(b"Host: x", b"Host: 999"))


def test_one_user_pushes_nobody_else_out() -> None:
    """However many requests they make up: beyond their share they forget their own."""
    known = KnownRequests(capacity=100_000, share=20_000)
    known.learn(PLAIN, MARK, [], owner=UserId("bob"))
    for number in range(1000):
        known.learn(PLAIN.replace(b"Host: x", b"Host: %d" % number), MARK, [], owner=ALICE)
    assert known.find(PLAIN)
    assert known.size <= 40_000


WITH_BODY = b"PROPFIND /dav HTTP/1.1\r\nHost: x\r\nAuthorization: Basic t\r\nContent-Length: 4\r\n\r\n<a/>"


def test_a_question_with_a_body_is_known_with_it() -> None:
    """Whatever id its head has; what a body says is no id."""
    known = learned(WITH_BODY)
    assert known.find(WITH_BODY)
    assert known.find(WITH_BODY.replace(b"Host", b"X-Request-ID: 1\r\nHost"))
    assert known.find(WITH_BODY.replace(b"<a/>", b"<b/>")) is None
    assert known.find(WITH_BODY.replace(b"<a/>", b"\r\nx-request-id: 1\r\n<a/>")) is None


@pytest.mark.parametrize(
    "unusual",
    [
        WITH_BODY + b"x",
        WITH_BODY[:-1],
        WITH_BODY.replace(b"PROPFIND", b"PUT"),
        WITH_BODY.replace(b"PROPFIND", b"GET"),
        WITH_BODY.replace(b"Content-Length: 4\r\n", b""),
        WITH_BODY.replace(b"Content-Length: 4", b"Content-Length: 4\r\nContent-Length: 4"),
        WITH_BODY.replace(b"Content-Length: 4", b"Content-Length: 04"),
        WITH_BODY.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked"),
        WITH_BODY.replace(b"<a/>", b"<a/>\r\nX-Request-ID: 1\r\n\r\n"),
    ],
)
def test_a_body_of_another_length_is_never_known(unusual: bytes) -> None:
    """It would be the beginning of something else, or not the end."""
    assert learned(unusual).find(unusual) is None
