"""What is drawn: users with tasks of theirs, and streams of requests, good and bad, cut anywhere.

A stream is a row of *bursts*. A burst is sent whole, in pieces; the next one when all that is asked in it was answered.
Nothing is drawn that uvicorn alone answers in one way or another, by what it reads first.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

ORIGIN = "http://page.example"
ELSEWHERE = "http://elsewhere.example"

MOST_REQUESTS = 4
"""In a burst."""
MOST_BURSTS = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and what there is to be asked for."""

    user: str
    token: str
    tasks: tuple[int, ...]
    etags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    sent: bytes
    method: str = "GET"
    last: bool = False
    """The connection's: it ends with the answer, or nobody can tell what comes after."""
    answers: int = 1
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Burst:
    pieces: tuple[bytes, ...]
    methods: tuple[str, ...]
    """Of the answers that come."""
    pauses: tuple[bool, ...]
    """After which pieces there is one, so that the next piece is most probably read for itself."""


@dataclass(frozen=True, slots=True)
class Stream:
    seed: int
    forgotten: tuple[str, ...]
    """Whose cached answers go before it begins."""
    bursts: tuple[Burst, ...]


def stream(seed: int, people: Sequence[Person]) -> Stream:
    draw = random.Random(seed)
    forgotten = tuple(person.user for person in people if draw.random() < 0.03)
    usual = draw.choice(people)
    bursts: list[Burst] = []
    ended = False
    while not ended and len(bursts) < draw.randint(1, MOST_BURSTS):
        requests: list[Request] = []
        for _ in range(draw.choice((1, 1, 1, 2, draw.randint(1, MOST_REQUESTS)))):
            requests.append(_request(draw, usual if draw.random() < 0.8 else draw.choice(people)))
            if requests[-1].last:
                ended = True
                break
        bursts += _bursts(draw, requests)
    if not ended:
        bursts.append(_burst(draw, [draw.choice((_FAREWELL, _FAREWELL, *_UNFINISHED))]))
    return Stream(seed, forgotten, tuple(bursts))


def _bursts(draw: random.Random, requests: Sequence[Request]) -> list[Burst]:
    """uvicorn refuses a bad request as soon as it has read it, and answers nothing any more that came before it."""
    *before, last = requests
    if not last.bad:
        return [_burst(draw, requests)]
    if draw.random() < 0.5:  # what is lost with it must not be in the cache, or not, when the next stream comes
        whole = NO_TOKEN * draw.randint(0, 2) + last.sent
        cut = draw.randint(1, NOT_YET_BAD) if whole == last.sent and draw.random() < 0.5 else len(whole)
        pieces = tuple(piece for piece in (whole[:cut], whole[cut:]) if piece)
        refused = Burst(pieces, (last.method,), (True,) * len(pieces))
        return [_burst(draw, before), refused] if before else [refused]
    return [_burst(draw, before)] if before else []


def _burst(draw: random.Random, requests: Sequence[Request]) -> Burst:
    sent = b"".join(request.sent for request in requests)
    count = draw.choice((0, 0, 0, 0, 0, 0, 1, 2, draw.randint(0, 8)))
    cuts = sorted({draw.randrange(1, len(sent)) for _ in range(count)}) if len(sent) > 1 else []
    if draw.random() < 0.3 and len(requests) > 1:  # where one ends and the next begins
        cuts = sorted({*cuts, len(requests[0].sent)})
    pieces = tuple(sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True))
    methods = tuple(request.method for request in requests for _ in range(request.answers))
    return Burst(pieces, methods, tuple(draw.random() < 0.3 for _ in pieces))


def _request(draw: random.Random, person: Person) -> Request:  # noqa: PLR0911  # one per kind
    kind = draw.random()
    if kind < 0.72:
        return _read(draw, person)
    if kind < 0.82:
        return _refused(draw, person)
    if kind < 0.88:
        return _head("HEAD", _path(draw, person), _headers(draw, person))
    if kind < 0.91:
        asked = [
            f"Origin: {draw.choice((ORIGIN, ELSEWHERE))}",
            f"Access-Control-Request-Method: {draw.choice(('GET', 'PUT', 'BREW'))}",
        ]
        return _head("OPTIONS", "/api/tasks", asked)
    if kind < 0.95:
        return _odd(draw, person)
    if kind < 0.97:
        return _ending(draw, person)
    return Request(draw.choice(BAD).replace(b"{auth}", _authorization(person).encode()), last=True, bad=True)


def _read(draw: random.Random, person: Person) -> Request:
    if draw.random() < 0.3:
        return _head("GET", _path(draw, person), _headers(draw, person))
    path, *headers = draw.choice(FAVOURITES)
    headers = [header.format(etag=person.etags[0]) for header in headers]
    if draw.random() < 0.5:
        headers.insert(draw.randint(0, len(headers)), draw.choice(IDENTITIES).format(draw.randrange(10**9)))
    return _head("GET", path, [_authorization(person), *headers])


def _path(draw: random.Random, person: Person) -> str:
    task = draw.choice((*person.tasks, 9_223_372_036_854_775_807))
    paths: tuple[str, ...] = (
        "/api/tasks",
        "/api/tasks",
        "/api/tasks",
        "/api/tasks/",
        "/api/tasks?limit=3",
        "/api/tasks?status=pending",
    )
    paths += (f"/api/tasks/{task}", f"/api/{person.user}/tasks", f"/api/{person.user}/tasks/{task}", "/api/tasks/trash")
    paths += ("/api/tasks?search=x&limit=2", "/api/tasks?limit=0", "/api/tasks/nothing", "/api/someone-else/tasks")
    paths += ("/api//tasks", "/api/tasks%2F", "/api/tasks?", "/api/tasks#part", "/livez", "/nope", "/api/t%61sks")
    return draw.choice(paths[: draw.choice((1, 5, 10, len(paths)))])


def _headers(draw: random.Random, person: Person) -> list[str]:
    """In the order in which a client sends them, most of the time; nearly always the same."""
    headers = [_authorization(person)]
    if draw.random() < 0.5:
        headers.append(draw.choice(IDENTITIES).format(draw.randrange(10**9)))
    if draw.random() < 0.3:
        headers.append(f"If-None-Match: {draw.choice((*person.etags, '*', 'W/' + person.etags[0], chr(34)))}")
    if draw.random() < 0.3:
        headers.append(f"Origin: {draw.choice((ORIGIN, ORIGIN, ELSEWHERE, 'null', ''))}")
    if draw.random() < 0.1:
        headers.append(draw.choice(ODDITIES))
    if draw.random() < 0.1:
        draw.shuffle(headers)
    if draw.random() < 0.05:
        headers = [
            draw.choice((str.lower, str.upper))(header.partition(":")[0]) + header[header.index(":") :]
            for header in headers
        ]
    return headers


def _authorization(person: Person) -> str:
    return f"Authorization: Bearer {person.token}"


def _head(method: str, path: str, headers: Sequence[str], *, end: str = "", version: str = "1.1") -> Request:
    lines = [f"{method} {path} HTTP/{version}", "Host: api.example", *headers]
    return Request(("\r\n".join(lines) + "\r\n\r\n" + end).encode("latin-1"), method)


def _refused(draw: random.Random, person: Person) -> Request:  # noqa: PLR0911  # one per kind
    """What changes nothing, whatever it wants."""
    allowed = [_authorization(person), "Content-Type: application/json"]
    body = draw.choice(('{"title": ""}', "{", "[]", '{"title": 1}', " " * draw.choice((1, 3000))))
    nobody = 9_223_372_036_854_775_806
    match draw.randrange(7):
        case 0:
            return _head("POST", "/api/tasks", [*allowed, f"Content-Length: {len(body)}"], end=body)
        case 1:
            chunks = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
            return _head("POST", "/api/tasks", [*allowed, "Transfer-Encoding: chunked"], end=chunks)
        case 2:
            return _head("PATCH", f"/api/tasks/{nobody}", [*allowed, "Content-Length: 13"], end='{"title":"x"}')
        case 3:
            return _head("DELETE", f"/api/tasks/{nobody}", allowed[:1])
        case 4:
            token = draw.choice(("Bearer a.b.c", "Bearer ", "Basic x", f"Bearer {person.token}x"))
            return _head("GET", "/api/tasks", [f"Authorization: {token}"])
        case 5:
            return _head("GET", "/api/tasks", [])
        case _:
            return _head("DELETE", "/api/tasks", allowed[:1])


def _odd(draw: random.Random, person: Person) -> Request:  # noqa: PLR0911  # one per kind
    """Reads as nobody sends them who has read the standard."""
    read = _read(draw, person).sent
    match draw.randrange(8):
        case 0:
            return Request(b"\r\n" * draw.randint(1, 3) + read)
        case 1:
            body = "x" * draw.choice((0, 1, 5))
            return _head("GET", "/api/tasks", [_authorization(person), f"Content-Length: {len(body)}"], end=body)
        case 2:
            return _head("GET", "/api/tasks", [_authorization(person), "Transfer-Encoding: chunked"], end="0\r\n\r\n")
        case 3:
            return _head("GET", "/api/tasks", [_authorization(person), "Expect: 100-continue"])
        case 4:
            return _head("GET", "/api/tasks", [_authorization(person)] * 2)
        case 5:
            return _head("GET", "/api/tasks", [_authorization(person), *(["X-Request-ID: a"] * draw.randint(1, 3))])
        case 6:
            return _head("GET", "http://api.example/api/tasks", [_authorization(person)])
        case _:
            return _head("GET", "/api/tasks", [_authorization(person), "X-Long: " + "x" * draw.choice((9000, 70_000))])


def _ending(draw: random.Random, person: Person) -> Request:
    """The last of its connection."""
    match draw.randrange(4):
        case 0:
            return Request(b"GET /api/tasks\r\n\r\n", last=True)
        case 1:
            request = _head("GET", "/api/tasks", [_authorization(person)], version="1.0")
        case 2:
            request = _head("GET", "/api/tasks", [_authorization(person), "Connection: close"])
        case _:
            request = _head("GET", "/api/tasks", [_authorization(person), "Connection: Upgrade", "Upgrade: h2c"])
    return Request(request.sent, request.method, last=True)


FAVOURITES = (
    ("/api/tasks", "Accept: */*"),
    ("/api/tasks", f"Origin: {ORIGIN}"),
    ("/api/tasks", "If-None-Match: {etag}"),
    ("/api/tasks?limit=3", "Connection: keep-alive"),
)
"""What is asked again and again."""
IDENTITIES = (
    "X-Request-ID: {}",
    "X-Request-ID: {}",
    "X-Request-ID: {}",
    "x-request-id: a.b_c-{}",
    "X-Request-ID:{}",
    "X-Request-ID:  {}",
    "X-Request-ID: {} ",
    "X-Request-ID: a b",
    "X-Request-ID: ",
    "X-Request-IDs: {}",
)
ODDITIES = (
    "Connection: keep-alive",
    "Accept: */*",
    "Cookie: a=b",
    "Accept-Language:",
    "X-Tab: a\tb",
    "X-Latin: \xe9",
    "X_Under: 1",
    "Range: bytes=0-1",
    "Accept-Encoding: gzip, br",
)
NO_TOKEN = b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n\r\n"
NOT_YET_BAD = 3
"""Bytes of each of these. It is refused at once, and what is sent after that may reset the connection."""
BAD = (
    b"GET /api/tasks HTTP/9.9\r\n\r\n",
    b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\nX-Folded: a\r\n b\r\n\r\n",
    b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\nX-Request-ID: 1\r\n 2\r\n\r\n",
    b"GETS /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\n\r\n",
    b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\nX-A : b\r\n\r\n",
    b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\nX-A: a\0b\r\n\r\n",
    b"GET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\nX-Request-ID: a\nb\r\n\r\n",
    b"\r\n\r\nX-Request-ID: 1\r\nGET /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\n\r\n",
    b"GET /api/tasks\r\nX-Request-ID: 1\r\n HTTP/1.1\r\nHost: x\r\n{auth}\r\n\r\n",
    b"POST /api/tasks HTTP/1.1\r\nHost: x\r\n{auth}\r\nContent-Length: abc\r\n\r\n",
    b"POST /api/tasks HTTP/1.1\r\n{auth}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
)
_FAREWELL = Request(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", last=True)
_UNFINISHED = tuple(
    Request(sent, last=True, answers=0)
    for sent in (b"G", b"GET /api/tasks HTTP/1.1\r\nHost", b"GET /api/tasks HTTP/1.1\r\nX-Request-ID: 1\r\n", b"\r\n")
)
