"""What is drawn: requests over every route and every other name of one, most of them wrong in some way."""

import json
import random
import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

from api.http.aliases import BY_USER, PREFIXES, TASKS
from tests.hostile import imports
from tests.tokens import claims_of, shared_secret_token

HOURS = 7200
NEVER = 9_223_372_036_854_775_807


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and what nobody else may be shown."""

    user: str
    mark: str
    token: str

    @classmethod
    def new(cls, number: int) -> "Person":
        mark = f"mark{number}x{secrets.token_hex(5)}"
        user = f"{mark}/of us" if number % 3 == 2 else mark  # every third has a slash in their name
        return cls(user, mark, shared_secret_token(user, exp=claims_of(user)["iat"] + HOURS))  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Request:
    sent: bytes
    method: str
    route: str
    whole: bool = True
    """Whether an answer is certain, and another request may follow."""


@dataclass
class Loot:
    """What was seen of anybody: names of things that everybody tries."""

    ids: list[int] = field(default_factory=lambda: [1])
    own: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [1]))
    """The same ids by whose they are."""
    words: list[str] = field(default_factory=lambda: ["x"])
    """Cursors, places and entity tags."""


METHODS = "GET " * 20 + "POST " * 8 + "PATCH " * 6 + "PUT " * 4 + "DELETE " * 2 + "HEAD HEAD OPTIONS"
ODD_METHODS = "BREW get PROPFIND TRACE CONNECT M-SEARCH QUERY PRI \xff"
OF_A_TASK = ("", "", "", "/toggle", "/toggle-complete", "/complete", "/status", "/restore", "/nothing")
OF_ALL = "/ /batch /import /export /stats /changes /events /trash /search /filter/pending"
BESIDE = "/api/account /livez /readyz /metrics /docs /openapi.json / * // /api/x /health /api/health /mcp /mcp /mcp"
BESIDE += " /api/account/tokens /api/account/tokens/1"
TOOLS = "list_tasks search_tasks task_stats add_task update_task complete_task delete_task restore_task nothing"
USUAL = {
    "": "GET GET POST POST",
    "/batch": "POST",
    "/import": "POST",
    "/{}/restore": "POST",
    "/trash": "GET GET GET DELETE",
}
USUAL |= {
    "/{}": "GET GET PATCH PUT DELETE",
    "/{}/status": "PATCH PUT",
    "/api/account": "GET " * 60 + "DELETE",
    "/api/account/tokens": "GET POST POST",
    "/mcp": "POST",
}
USUAL |= dict.fromkeys(("/{}/toggle", "/{}/toggle-complete", "/{}/complete"), "PATCH PATCH POST PUT")
ODD_IDS = ("", *f"0 -1 1e3 {NEVER} {'9' * 40} %00 %ff .. %2e%2e%2f tasks {{task_id}} \u0663 1%0A".split())
TEXTS = (
    "x",
    "\u1e9e" * 200,
    "ffi" * 66,
    "\0",
    "\ud800",
    "\u202e\u0301",
    "ΟΔΟΣ",
    "\U0001f600" * 99,
    "%_\\.*(",
    "x" * 70_000,
)
NUMBERS = (0, -1, 1.0, 1e300, 10**30, True, None, 2**63)
VALUES = "UTC Pacific/Kiritimati America ../etc %00 Europe/Berlin 2026-12-24 0001-01-01 9999-12-31T23:59:59.999Z "
VALUES += (
    "2026-02-30 2026-12-24T10:00:00%2B14:00 json csv ics zip JSON exe all pending done high urgent true false title "
)
VALUES += "-due_date created desc ignore - 0 1 2 200 201 -1 10000 1000000000 % %ff %ED%A0%80 + a,b,, W/ {}"
DAYS = ("2026-12-24", "0001-01-01", "9999-12-31T23:59:59.999Z", "2026-02-30", "", "2026-12-24T10:00:00+14:00")
NAMES = "title description completed priority due_date tags status due dueDate done name content id user_id uid "
NAMES += "deleted_at created_at x __proto__ \ud800 a/b~c tasks operations atomic version if_match op scopes expires_at"
ASKED = "status priority tag tags due_before due_after time_zone search q accents sort sort_by order limit offset page "
ASKED += "per_page cursor since format bom after filter completed set_completed _ skip nothing %00"
ODD_HEADERS = (
    *("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", "Expect: 100-continue", "Connection: close", ": x"),
    *("X: \xff\x80", "X-Request-ID: \xe4", "Origin: null", "Origin: http://page.example", "Host: a\r\nHost: b"),
    *("Content-Length: 0\r\nContent-Length: 0", "X: " + "y" * 9000, "Accept: application/json", "Range: bytes=0-1"),
    *("Accept-Encoding: gzip, br", "If-Match: *", "If-None-Match: *", "Unless-Match: *", "X-Forwarded-For: x"),
)
TYPES = ("application/json",) * 12 + (
    "application/merge-patch+json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "",
)
GARBAGE = (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"title":"a","title":"b"}', b"1" * 5000, b'{"a":NaN}', b" " * 3000)


class Draw:
    """Of one seed."""

    def __init__(self, seed: int, people: Sequence[Person], loot: Loot) -> None:
        self._random = random.Random(seed)
        self._people = people
        self._loot = loot
        self.chance = self._random.random
        self.one = self._random.choice

    def burst(self, me: Person) -> tuple[list[Request], list[bytes]]:
        """Requests that are sent one after another, and the pieces that they come in."""
        requests: list[Request] = []
        while not requests or (requests[-1].whole and self.chance() < 0.5 and len(requests) < 12):
            requests.append(self.request(me))
        sent = b"".join(request.sent for request in requests)
        count = self.one((0, 0, 0, 1, 2, 5)) if len(sent) < 100_000 else 0  # not the large ones
        cuts = sorted({self._random.randrange(len(sent)) for _ in range(count)})
        return requests, [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]

    def request(self, me: Person) -> Request:
        path, kind = self._path(me)
        methods = USUAL.get(kind, "GET") if self.chance() < 0.8 else METHODS
        method = self.one((methods if self.chance() < 0.98 else ODD_METHODS).split())
        query = self._query()
        body = self._body(me, kind) if method in {"POST", "PUT", "PATCH"} or self.chance() < 0.02 else None
        head = [f"{method} {path}{query} HTTP/1.{int(self.chance() < 0.99)}", *self._headers(me)]
        if kind == "/mcp" and self.chance() < 0.9:
            head[1] = "Host: localhost\r\nAccept: application/json, text/event-stream"
        whole = method.isalpha() and method.isascii() and method.isupper() and "1.0" not in head[0]
        whole = (
            whole and method not in {"CONNECT", "PRI"} and not any("lose" in line or "ecting" in line for line in head)
        )
        sent, framed = self._framed(head, body)
        route = f"{method} {kind}"
        if self.chance() < 0.03:
            return Request(self._broken(sent), method, route, whole=False)
        return Request(sent, method, route, whole=whole and framed and kind != "/events")

    def _framed(self, head: list[str], body: bytes | None) -> tuple[bytes, bool]:
        framed = True
        if body is not None:
            head = [*head, f"Content-Type: {self.one(TYPES)}"]
            chance = self.chance()
            if chance < 0.7:
                head.append(f"Content-Length: {len(body)}")
            elif chance < 0.95:
                head.append("Transfer-Encoding: chunked")
                body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
            else:
                framed = False
                head.append(
                    self.one(("Content-Length: 99", "Transfer-Encoding: chunked", "Content-Length: -1", "X: y"))
                )
        return "\r\n".join((*head, "", "")).encode("latin-1", "replace") + (body or b""), framed

    def _broken(self, sent: bytes) -> bytes:
        broken = bytearray(sent)
        for _ in range(self.one((1, 1, 2, 8))):
            place = self._random.randrange(len(broken))
            match self._random.randrange(3):
                case 0:
                    broken[place] = self._random.randrange(256)
                case 1:
                    broken[place:place] = self.one((b"\r\n", b"\0", b" ", b"\r\n\r\n", b"%"))
                case _:
                    del broken[place + 1 :]
        return bytes(broken)

    def _path(self, me: Person) -> tuple[str, str]:
        """And what it is, for the report."""
        if self.chance() < 0.06:
            path = self.one(BESIDE.split())
            return path, path
        named = self.one((me, me, me, self.one(self._people))).user
        user = quote(named, safe="") if self.chance() < 0.9 else self.one(("%00", "tasks", "a%2Fb", "{user_id}", "%ff"))
        prefix = self.one((*PREFIXES, *(TASKS, BY_USER) * 3)).replace("{user_id}", user)
        task = str(self._id(me)) if self.chance() < 0.94 else self.one(ODD_IDS)
        kind = f"/{{}}{self.one(OF_A_TASK)}" if self.chance() < 0.5 else self.one(("", "", "", *OF_ALL.split()))
        path = (prefix + kind.replace("{}", task)).encode().decode("latin-1")
        if self.chance() < 0.04:
            place = self._random.randrange(len(path))
            path = (
                path[:place] + self.one(("%2F", "%0A", "/", "%", "\xe4", "/../", "%5c", ";", "#", "?")) + path[place:]
            )
        return (f"http://elsewhere.example{path}" if self.chance() < 0.01 else path), kind

    def _query(self) -> str:
        if self.chance() < 0.5:
            return ""
        pairs = [f"{self.one(ASKED.split())}={self._value()}" for _ in range(self.one((1, 1, 1, 2, 3, 120)))]
        if self.chance() < 0.02:
            pairs.append("tags=" + ",".join(f"{number:x}" for number in range(self.one((5, 30, 9000)))))
        return "?" + self.one("&&&;").join(pairs)

    def _value(self) -> str:
        match self._random.randrange(4):
            case 0:
                return quote(self.one(TEXTS)[:999], safe="", errors="replace")
            case 1:
                return quote(self.one(self._loot.words[-500:]), safe="")
            case _:
                return self.one(("", *VALUES.split()))

    def _headers(self, me: Person) -> list[str]:
        mine = f"Authorization: Bearer {me.token}"
        lines = ["Host: api.example"]
        if self.chance() < 0.94:
            lines.append(mine)
        else:
            lines += self.one(((), (mine, mine), (mine + "x",), (mine.lower(),), ("Authorization: Bearer a.b.c",)))
        if self.chance() < 0.2:
            name = self.one(("If-Match", "If-None-Match", "Unless-Match", "Last-Event-ID"))
            lines.append(f"{name}: " + self.one((*self._loot.words[-99:], "*", '"', "W/", '"a", ' * 99)))
        if self.chance() < 0.15:
            lines.append("Idempotency-Key: " + self.one(("one", "two", '"three"', "", "x" * 256, f"{self.chance()}")))
        if self.chance() < 0.1:
            lines.append(self.one(ODD_HEADERS))
        return lines

    def _body(self, me: Person, kind: str) -> bytes:
        chance = self.chance()
        if chance < 0.1:
            return self.one(GARBAGE)
        if kind == "/import" and chance < 0.12:
            return _import(self.one(imports.KINDS))
        value: Any = self._task(me)
        if kind == "/mcp":
            value = self._call(me)
        elif kind == "/batch":
            value = {
                "atomic": self.chance() < 0.5,
                "operations": [self._operation(me) for _ in range(self.one((1, 3, 101)))],
            }
        elif kind == "/import":
            value = {"version": 1, "tasks": [self._task(me) for _ in range(self.one((0, 1, 30)))]}
        if self.chance() < 0.1 and isinstance(value, dict):
            value[self.one(NAMES.split())] = self._odd()
        text = json.dumps(value, ensure_ascii=self.chance() < 0.7)
        while '"DEEP"' in text:
            depth = self._random.randint(900, 1010)
            text = text.replace('"DEEP"', "[" * depth + "]" * depth, self.one((1, 2)))
        return text.encode(errors="surrogatepass")

    def _operation(self, me: Person) -> dict[str, Any]:
        task = self._id(me)
        operation = {
            "op": self.one(("create", "update", "complete", "delete", "\ud800")),
            "id": task,
            "task": self._task(me),
        }
        if self.chance() < 0.2:
            operation[self.one((*operation, "if_match", "completed"))] = self._odd()
        return operation

    def _call(self, me: Person) -> dict[str, Any]:
        """Of a tool."""
        given = self.one(
            (
                {},
                {"id": self._id(me)},
                {"text": self.one(TEXTS)},
                self._task(me),
                {"id": self._id(me), "title": me.mark},
            )
        )
        if self.chance() < 0.3:
            given = {**given, self.one((*NAMES.split(), "time_zone", "sort", "limit", "cursor", "trash")): self._odd()}
        method = self.one(("tools/call", "tools/call", "tools/call", "tools/list", "initialize", "ping", "\ud800"))
        number: Any = self.one((1, "x", None, 1.5, "\ud800", [], 10**30))
        return {
            "jsonrpc": "2.0",
            "id": number,
            "method": method,
            "params": {"name": self.one(TOOLS.split()), "arguments": given},
        }

    def _task(self, me: Person) -> dict[str, Any]:
        task: dict[str, Any] = {
            "title": f"{me.mark} {self.one(('a', 'ä', '=1+1', ',;'))}",
            "tags": [me.mark, self.one("ab")],
        }
        if self.chance() < 0.3:
            task |= {
                "description": f"{me.mark}\n\u2028 ",
                "due_date": self.one(DAYS),
                "priority": self.one(("low", "none")),
            }
        while self.chance() < 0.15:
            task[self.one(NAMES.split())] = self._odd()
        return task

    def _id(self, me: Person) -> int:
        return self.one((self._loot.own[me.user] if self.chance() < 0.7 else self._loot.ids)[-300:])

    def _odd(self) -> Any:
        odd: tuple[Any, ...] = (
            self.one(TEXTS),
            self.one(NUMBERS),
            self.one(DAYS),
            "DEEP",
            "DEEP",
            [],
            {},
            [0] * 999,
            {"\ud800": [{}]},
        )
        return self.one((*odd, ["a,b", "\0"], [["x"]], "a," * 999))


@cache
def _import(kind: Callable[[], bytes]) -> bytes:
    """To make one takes longer than to refuse it."""
    return kind()
