"""What a calendar's program asks again and again, with a personal token as its password: is anything new?"""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.bench.measure import BenchFailed, replay_once
from loadtests.bench.stage import traffic
from loadtests.bench.stage.stage import Server

_NAMESPACES = 'xmlns:D="DAV:" xmlns:S="http://calendarserver.org/ns/"'
_STAND = f"<D:propfind {_NAMESPACES}><D:prop><S:getctag/><D:sync-token/></D:prop></D:propfind>"
_TOKEN = re.compile(rb"<D:sync-token>([^<]+)<")


@dataclass(frozen=True, slots=True)
class Questions:
    """Of each user."""

    stands: dict[str, bytes]
    """PROPFIND of the collection's ctag and token."""
    nothing_new: dict[str, bytes]
    """A sync-collection with that token."""


def ask(server: Server, users: Sequence[str], secret: str) -> Questions:
    """Make each a token; then nothing of theirs must change."""
    wanted = {"name": "Calendar", "scopes": ["tasks:read", "tasks:write"]}
    made = replay_once(
        server,
        [traffic.raw("POST", "/api/account/tokens", traffic.token(user, secret), body=wanted) for user in users],
    )
    passwords = {user: json.loads(answer[2])["token"] for user, answer in zip(users, made, strict=True)}
    stands = {user: _raw("PROPFIND", user, passwords[user], _STAND) for user in users}
    answers = replay_once(server, list(stands.values()))
    nothing_new = {}
    for user, (status, _, body) in zip(users, answers, strict=True):
        token = _TOKEN.search(body)
        if status != 207 or token is None:  # Multi-Status
            raise BenchFailed(f"a calendar's question got {status}")
        nothing_new[user] = _raw("REPORT", user, passwords[user], _sync(token[1].decode()))
    return Questions(stands, nothing_new)


def _sync(token: str) -> str:
    inside = f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    return f"<D:sync-collection {_NAMESPACES}>{inside}</D:sync-collection>"


def _raw(method: str, user: str, password: str, body: str) -> bytes:
    proof = b64encode(f"me:{password}".encode()).decode()
    lines = [f"{method} /dav/calendars/{user}/tasks/ HTTP/1.1", "Host: localhost", f"Authorization: Basic {proof}"]
    lines += ["Depth: 0", "Content-Type: application/xml; charset=utf-8", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
