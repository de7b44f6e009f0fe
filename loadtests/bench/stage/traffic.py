"""The requests that are replayed: 1,000 users with a Zipf spread, each with an own token, 20 tasks each."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import jwt

USERS = 1000
TASKS = 20
ZIPF_EXPONENT = 1.001
"""pgbench's least, so that all draw their users alike."""

MAX_LIMIT = 1000
HOST = "bench"
ORIGIN = "http://page.bench"
"""Of the pages that ask from elsewhere."""


def readers() -> list[str]:
    """Users whose tasks nobody changes."""
    return [f"reader-{number:04}" for number in range(1, USERS + 1)]


def writers() -> list[str]:
    return [f"writer-{number}" for number in range(1, USERS + 1)]


def token(user: str, secret: str) -> str:
    now = int(time.time())
    return jwt.encode({"sub": user, "iat": now, "exp": now + 86_400}, secret, algorithm="HS256")


def zipf(users: Sequence[str], count: int, *, seed: int = 1) -> list[str]:
    """`count` draws; the first user comes most often."""
    weights = list(accumulate(rank**-ZIPF_EXPONENT for rank in range(1, len(users) + 1)))
    return random.Random(seed).choices(users, cum_weights=weights, k=count)


def raw(method: str, path: str, bearer: str, *, body: object = None, etag: str = "", origin: str = "") -> bytes:
    """One request as a browser's fetch would send it, without what no server here reads."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Authorization: Bearer {bearer}"]
    if origin:
        lines.append(f"Origin: {origin}")
    if etag:
        lines.append(f"If-None-Match: {etag}")
    content = b""
    if body is not None:
        content = json.dumps(body).encode()
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def new_task(number: int) -> dict[str, object]:
    """A task as people write them."""
    return {
        "title": f"Write the report on quarter {number % 4 + 1}, chapter {number % 97}",
        "description": "The figures of last year are in the shared folder; ask Kim about those of the warehouse.",
        "priority": ("low", "medium", "high", "urgent")[number % 4],
        "due_date": f"2031-0{number % 9 + 1}-{number % 28 + 1:02}",
        "tags": ["work", f"project-{number % 7}"],
    }


def list_variants(users: Sequence[str]) -> Iterator[tuple[str, str]]:
    """User and path of lists that are the same 20 tasks and yet another question each time, so that none is cached."""
    asked: Counter[str] = Counter()
    for user in users:
        yield user, f"/api/tasks?limit={TASKS + asked[user] % (MAX_LIMIT - TASKS + 1)}"
        asked[user] += 1


def write_file(path: Path, requests: Sequence[bytes]) -> Path:
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%d\n" % len(request) + request)
    return path


def read_file(path: Path, count: int) -> list[bytes]:
    """The first requests of what `write_file` has written."""
    with path.open("rb") as file:
        return [file.read(int(file.readline())) for _ in range(count)]
