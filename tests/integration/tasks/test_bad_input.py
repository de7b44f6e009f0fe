"""Whatever a client sends, it gets a clear 4xx that does not repeat it, and nothing has changed."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg2
import pytest

from api.tasks.batch import BATCH_LIMIT_BYTES
from tests.stack import ApiProcess, Stack, new_user
from tests.tokens import shared_secret_token

MARK = "input-7f3a"
JSON = {"content-type": "application/json"}
HUGE = "9" * 5000
LIMIT = 65_536

# Per member of a task what it cannot be; json.dumps writes lone surrogates as escapes.
RULES: list[object] = [MARK, f"FREQ=DAILY;{MARK}=1", "FREQ=DAILY\0", "", "\ud800", None, 1, [], {}]
ZONES: list[object] = [MARK, "", "europe/berlin", "../UTC", "UTC\0", 1, []]
ORIGINS: list[object] = [MARK, "", "DUE", None, 1, []]

MEMBERS: dict[str, list[object]] = {
    "title": [
        *("", "   \t\n", "\u00a0\u3000", MARK * 21, "x" * 201, f"{MARK}\0", "\0", f"{MARK}\ud800", "\udc00\ud800"),
        *(None, 1, 1.5, True, [], [MARK], {}, {MARK: MARK}),
    ],
    "description": [MARK * 101, f"{MARK}\0", f"\0{MARK}", f"{MARK}\udfff", 1, 1.5, True, [MARK], {MARK: MARK}],
    "completed": ["true", "false", "yes", "", MARK, 0, 1, 1.0, -1, [], [True], {}, "\0"],
    "priority": ["soon", "HIGHER", "low ", MARK, "high\0", "\ud800", 1, 0, True, [], ["low"], {}],
    "due_date": [
        *(" ", MARK, "tomorrow", "2026-1-1", "20261224", "2026-W01-1", "-2026-01-01", "+2026-01-01", "24.12.2026"),
        *("2026-02-30", "2027-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01", "10000-01-01"),
        *("2026-12-24T10:00", "2026-12-24T10:00:00", "2026-12-24T10:00:00.123", "2026-12-24 10:00:00"),
        *("2026-12-24T25:00:00Z", "2026-12-24T10:60:00Z", "2016-12-31T23:59:60Z", "2026-12-24T10:00:00+25:00"),
        *("2026-12-24T10:00:00+0200", "2026-12-24T10:00:00+02", "2026-12-24T10:00:00 Z", "2026-12-24T10:00:00ZZ"),
        *("2026-12-24T", "T10:00:00Z", "2026-12-24T10:00:00[Europe/Paris]", "2026-12-24\n", " 2026-12-24"),
        *("9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "+275760-09-13T00:00:00.000Z"),
        *("\uff12\uff10\uff12\uff16-12-24", "2026-12-2\u0664", "2026-12-24\0", "2026-12-24\ud800"),
        *(1767225600, 1767225600000, 0, -1, 1.5, True, False, [], ["2026-12-24"], {}),
    ],
    "recurrence": [
        *(MARK, "FREQ=HOURLY", "hourly", "\0", "\ud800", 1, 1.5, True, [], ["FREQ=DAILY"], {}, {MARK: MARK}),
        *({"rule": rule} for rule in RULES),
        *({"rule": "FREQ=DAILY", "time_zone": zone} for zone in ZONES),
        *({"rule": "FREQ=DAILY", "from": origin} for origin in ORIGINS),
    ],
    "tags": [
        *("x" * 51, f"home,{MARK}\0", 1, True, {}, {"0": MARK}, [""], ["x" * 51], [MARK * 6], [None], [1], [True]),
        *([[MARK]], [{}], [f"{MARK}\0"], ["fine", "\ud800"], [f"tag {number}" for number in range(21)]),
    ],
    "reminders": [
        *(1, MARK, True, {}, [-1], [527041], [1.5], [True], [None], [[]], [{}], [""], [MARK], ["2026-12-24"], ["30"]),
        *(["2026-12-24T10:00:00"], ["2026-02-30T10:00:00Z"], ["2026-12-24T10:00:00Z\0"], [1, 2, 3, 4, 5, 6]),
    ],
    "parent_id": [0, -1, 2**63, 2**62, 1.5, True, "1", MARK, "none", [], [1], {}],
}
# Bodies that are no JSON object at all, or one that readers disagree on.
DOCUMENTS: dict[str, bytes] = {
    "blank": b"  \n",
    "null": b"null",
    "true": b"true",
    "number": b"1",
    "string": f'"{MARK}"'.encode(),
    "array": b"[]",
    "array-of-objects": f'[{{"title": "{MARK}"}}]'.encode(),
    "text": MARK.encode(),
    "form": f"title={MARK}".encode(),
    "cut-off": f'{{"title": "{MARK}"'.encode(),
    "two-documents": f'{{"title": "{MARK}"}} {{}}'.encode(),
    "trailing-comma": f'{{"title": "{MARK}",}}'.encode(),
    "single-quotes": f"{{'title': '{MARK}'}}".encode(),
    "comment": f'{{"title": "{MARK}"}} // {MARK}'.encode(),
    "newline-in-string": f'{{"title": "{MARK}\n"}}'.encode(),
    "nul-byte-in-string": f'{{"title": "{MARK}\0"}}'.encode(),
    "nul-byte-after": f'{{"title": "{MARK}"}}\0'.encode(),
    "bad-escape": f'{{"title": "{MARK}\\x41"}}'.encode(),
    "half-escape": f'{{"title": "{MARK}\\u12"}}'.encode(),
    "NaN": f'{{"title": "{MARK}", "n": NaN}}'.encode(),
    "Infinity": f'{{"title": "{MARK}", "n": [-Infinity]}}'.encode(),
    "duplicate-name": f'{{"title": "x", "title": "{MARK}"}}'.encode(),
    "duplicate-name-escaped": f'{{"title": "x", "t\\u0069tle": "{MARK}"}}'.encode(),
    "duplicate-name-below": f'{{"title": "x", "y": {{"{MARK}": 1, "{MARK}": 2}}}}'.encode(),
    "invalid-utf-8": b'{"title": "' + MARK.encode() + b'\xff"}',
    "overlong-utf-8": b'{"title": "' + MARK.encode() + b'\xc0\x80"}',
    "surrogate-in-utf-8": b'{"title": "' + MARK.encode() + b'\xed\xa0\x80"}',
    "latin-1": f'{{"title": "{MARK} \xe9"}}'.encode("latin-1"),
    "utf-16": f'{{"title": "{MARK}"}}'.encode("utf-16"),
    "utf-32": f'{{"title": "{MARK}"}}'.encode("utf-32-le"),
    "byte-order-mark": f'\ufeff{{"title": "{MARK}"}}'.encode(),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "integer-of-5000-digits": f'{{"title": "{MARK}", "id": {HUGE}}}'.encode(),
    "negative-integer-of-5000-digits": f'{{"title": "{MARK}", "n": [-{HUGE}]}}'.encode(),
    "arrays-20000-deep": b'{"title": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "ignored-arrays-20000-deep": b'{"title": "x", "y": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "open-arrays-60000-deep": b"[" * 60_000,
    "objects-10000-deep": b'{"":' * 10_000 + b"1" + b"}" * 10_000,
}
for values in MEMBERS.values():
    values += [2**63, 2**64, -(2**63) - 1, 10**30, 1e300]

MEDIA_TYPES = ["", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
MEDIA_TYPES += ["application/octet-stream", "application/jsonx", "application/json5", "application/merge-patch"]
MEDIA_TYPES += ["application/json-patch+json", "application/xml", "json", "*/*", f"{MARK}/{MARK}", ";application/json"]

TASK_IDS = ["0", "-1", "+1", "01", "1.0", "1e3", "0x1", "1_0", "abc", MARK, "null", "undefined", "NaN", "%5Bobject%5D"]
TASK_IDS += ["%201", "1%20", "1%0A", "1%00", "%00", "%00%00", "%FF", "%ED%A0%80", "%C0%80", "%D9%A1", "%EF%BC%91"]
TASK_IDS += ["9223372036854775808", "18446744073709551616", "-9223372036854775809", HUGE, "1'--", "1;2", "1,2", "*"]
TASK_IDS += ["%2e%2e", "..%2f..", "1%252", "%", "%zz"]

QUERIES = [
    *("limit=0", "limit=-1", "limit=1001", "limit=abc", "limit=1.0", "limit=1e2", "limit=%2B1", "limit=0x10"),
    *("limit=%201", "limit=1%00", "limit=%D9%A5", "limit=9223372036854775808", f"limit={HUGE}", "limit=null"),
    *("limit=1&limit=1", "limit=1&limit=2", "limit=%ED%A0%80", "limit=%FF", "limit=%zz", f"limit={MARK}"),
    *("offset=-1", "offset=10001", "offset=x", "offset=1&offset=2", f"offset={HUGE}", "offset=1.5"),
    *("completed=yes", "completed=1", "completed=True", "completed=null", "completed=%00"),
    *("completed=true&completed=true", "completed=true&completed=false", f"completed={MARK}", "completed=true,false"),
    *(f"status={MARK}", "status=pending&status=completed", "status=%ED%A0%80"),
    *("status=%00", "status=all%00"),
    *(
        "priority=soon",
        "priority=1",
        "priority=low,high",
        "priority=low&priority=low",
    ),
    *(f"priority={MARK}", "priority=low%00", "priority=%ED%BF%BF", "priority=%FF"),
    *(f"tag={MARK * 6}", f"tag={'x' * 51}", f"tag={MARK}%00", "tag=%FF", "tag=%ED%A0%80"),
    "&".join(f"tag=tag{number}" for number in range(21)),
    *("due_before=tomorrow", "due_before=2026-02-30", "due_before=2026-12-24T10:00:00"),
    *("due_before=1767225600", "due_before=2026-12-24T10:00:00+02:00", "due_before=2026-12-24&due_before=2026-12-24"),
    *("due_before=0000-01-01", "due_before=9999-12-31T23:59:59-01:00", "due_before=2026-12-24%00", "due_before=%FF"),
    *(f"due_after={MARK}", "due_after=2026-13-01", "due_after=2026-12-24T10:00", "due_after=-1"),
    *("due_after=2026-12-24&due_after=2026-12-25", "due_after=%00", "due_after=%ED%A0%80", "due_after=infinity"),
    *(f"search={MARK * 21}", "search=%00", f"search={MARK}%00", "search=%FF", "search=%ED%A0%80", "search=a&search=b"),
    *(
        "sort=-",
        "sort=id",
        "colour=red",
        "skip=1&offset=2",
        "page=0",
        "page=2&offset=1",
        "q=a&search=b",
        "per_page=2&limit=3",
        "sort=--title",
        "sort=Title",
        f"sort={MARK}",
        "sort=title,priority",
        "sort=%FF",
    ),
    *("sort=title&sort=title", f"sort_by={MARK}", "sort=%2Dtitle%20", "sort=title%00"),
    *("order=up", f"order={MARK}", "order=asc&order=desc", f"sort_order={MARK}"),
    "order=%00",
    *("cursor=abc", f"cursor={MARK}", "cursor=%00", "cursor=%FF", "cursor=%F0%9F%A5%9B"),
    "cursor=a&cursor=b",
    *(f"cursor={'A' * 3000}", f"cursor={HUGE}", "cursor=null", "cursor=====", "cursor=%ED%A0%80"),
    *(f"{MARK}=%FF", f"{MARK}=%ED%A0%80", "%FF=1", "&".join(["a=1"] * 101)),
]
CURSORS: list[Any] = [None, 0, {}, [], [1], [1, 2, 3, 4], [1, "", 0, 1], [1, "", None, 1], [2, "", 0, 1]]
CURSORS += [[1, "x", "\0", 1], [1, "0" * 12, 10**400, 1], [1, "0" * 12, "\ud800", 1], [True, "", 1.5, True], [[[]]] * 4]

KEYS = ["", '""', '"', '"open', "x" * 256, '"' + "x" * 256 + '"', "tab\tinside", "caf\xe9", '"\\n"']


@dataclass(frozen=True, slots=True)
class Frontend:
    """A user with one task, and everything that the database holds of them."""

    http: httpx.Client
    database: Any
    user: str
    headers: Mapping[str, str]
    task: int

    @property
    def rows(self) -> list[Any]:
        found = []
        for columns, table in [("*", "tasks"), ("revision", "task_lists"), ("*", "idempotency_keys")]:
            self.database.execute(f"SELECT {columns} FROM {table} WHERE user_id = %s", (self.user,))
            found += self.database.fetchall()
        return found

    def send(
        self,
        method: str,
        path: str,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] = JSON,
    ) -> httpx.Response:
        """The path may name the user and the task."""
        place = path.replace("{task}", str(self.task)).replace("{user}", self.user)
        sent = httpx.Headers({**self.headers, **headers}, encoding="latin-1")
        return self.http.request(method, place, content=content, headers=sent)

    def refused(self, answer: httpx.Response, status: int = 422) -> dict[str, Any]:
        """See that it is a problem that says what is wrong and repeats nothing."""
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = answer.json()
        assert problem["status"] == status
        assert {type(problem[member]) for member in ("type", "title", "detail")} == {str}
        assert problem["detail"].endswith(".")
        assert len(answer.content) < 5000
        assert MARK not in answer.text
        assert "999999" not in answer.text
        assert "\\u0000" not in answer.text
        return problem


@pytest.fixture(scope="module")
def http(api: ApiProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url, timeout=60, verify=False) as http:
        yield http


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Any]:
    """A cursor of the database's owner, whom no policy stops."""
    with closing(psycopg2.connect(stack.database_url)) as connection, connection.cursor() as database:
        connection.autocommit = True
        yield database


@pytest.fixture
def frontend(http: httpx.Client, database: Any) -> Iterator[Frontend]:
    """Compares what the database holds before and after."""
    user = new_user()
    headers = {"authorization": f"Bearer {shared_secret_token(user)}"}
    task = http.post("/api/tasks", json={"title": "x"}, headers=headers).json()["id"]
    frontend = Frontend(http, database, user, headers, task)
    before = frontend.rows
    yield frontend
    assert frontend.rows == before


def named(value: object) -> str:
    return ascii(value)[:40]


WRITES = [("POST", "/api/tasks"), ("PUT", "/api/tasks/{task}"), ("PATCH", "/api/{user}/tasks/{task}/")]
BODIES = [*WRITES, ("POST", "/api/tasks/batch"), ("PATCH", "/api/tasks/{task}/complete")]
IMPORT = ("POST", "/api/tasks/import")


@pytest.mark.parametrize(
    ("member", "value"),
    [pytest.param(name, value, id=f"{name}-{named(value)}") for name in MEMBERS for value in MEMBERS[name]],
)
def test_a_member_that_a_task_cannot_have(frontend: Frontend, member: str, value: object) -> None:
    """The problem points at it, whatever the method, and says the same for all of them."""
    for method, path in WRITES:
        body = json.dumps({"title": "y", "description": "y", member: value}).encode()
        problem = frontend.refused(frontend.send(method, path, body))
        assert problem["detail"].startswith(member)
        for error in problem["errors"]:
            assert error["pointer"].startswith(f"#/{member}")
            assert isinstance(error["detail"], str)
        if isinstance(value, str) and len(value) > 6:
            assert value not in problem["detail"] + str(problem["errors"])


def test_a_new_task_has_a_title(frontend: Frontend) -> None:
    """The one member that has no default."""
    problem = frontend.refused(frontend.send("POST", "/api/tasks", b'{"description": "x"}'))
    assert [error["pointer"] for error in problem["errors"]] == ["#/title"]


def test_all_faults_are_told_at_once(frontend: Frontend) -> None:
    """A form can mark every field that is wrong."""
    body = {"title": "", "priority": MARK, "tags": ["fine", ""], "due_date": MARK}
    problem = frontend.refused(frontend.send("POST", "/api/tasks", json.dumps(body).encode()))
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {"#/title", "#/priority", "#/tags/1", "#/due_date"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_body_that_is_no_json_object(frontend: Frontend, name: str) -> None:
    """Malformed, ambiguous, endless or of another kind: 422, on every route that reads a body."""
    for method, path in [*BODIES, IMPORT]:
        if not (path.endswith("complete") and name == "null"):  # says no more than no body
            frontend.refused(frontend.send(method, path, DOCUMENTS[name]))


@pytest.mark.parametrize("name", ["\\ud800", MARK, "~/"])
def test_a_large_member_beside_an_imports_tasks(frontend: Frontend, name: str) -> None:
    """Is refused, whatever it is called."""
    body = f'{{"{name}": ["{"x" * 70_000}"], "tasks": []}}'.encode()
    frontend.refused(frontend.send(*IMPORT, body))


@pytest.mark.parametrize("names", [("due_date", "due"), ("completed", "done"), ("completed", "status"), ("x", "y")])
def test_values_nested_about_as_deep_as_can_be_read(frontend: Frontend, names: tuple[str, str]) -> None:
    """Whatever else looks at them than the reader of JSON finds them wrong, and does not fail."""
    for depth in range(930, 1000):
        deep = "[" * depth + "]" * depth
        task = f'{{"title": "", "{names[0]}": {deep}, "{names[1]}": {deep}}}'
        frontend.refused(frontend.send("POST", "/api/tasks", task.encode()))
        frontend.refused(frontend.send("POST", "/api/tasks/import", f'{{"tasks": [{task}]}}'.encode()))
        batch = f'{{"operations": [{{"op": "create", "task": {task}}}]}}'
        frontend.refused(frontend.send("POST", "/api/tasks/batch", batch.encode()))


@pytest.mark.parametrize(("method", "path"), [*BODIES[:-1], IMPORT])
@pytest.mark.parametrize("headers", [{}, JSON])
def test_an_empty_body(frontend: Frontend, method: str, path: str, headers: Mapping[str, str]) -> None:
    """Where a body is needed, its absence is a fault of the input."""
    frontend.refused(frontend.send(method, path, headers=headers))


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_body_that_is_not_declared_as_json(frontend: Frontend, media_type: str) -> None:
    """415 whatever is in it, also where a body may be left out."""
    for method, path in BODIES:
        headers = {"content-type": media_type} if media_type else {}
        frontend.refused(frontend.send(method, path, b'{"title": "x", "completed": true}', headers), 415)


@pytest.mark.parametrize("size", [LIMIT + 1, 10_000_000])
@pytest.mark.parametrize("kind", ["length", "chunks"])
def test_a_body_that_is_too_large(frontend: Frontend, size: int, kind: str) -> None:
    """413 on every route, whether the size was announced or not."""
    body = b'{"title": "' + MARK.encode() + b"x" * (size - 13 - len(MARK)) + b'"}'
    chunks = [body[start : start + LIMIT] for start in range(0, size, LIMIT)]
    for method, path in BODIES:
        if size > BATCH_LIMIT_BYTES or "batch" not in path:
            frontend.refused(frontend.send(method, path, body if kind == "length" else iter(chunks)), 413)


def test_the_largest_body_is_read(frontend: Frontend) -> None:
    """The limit itself is still a body like any other: what is wrong with this one is the title."""
    problem = frontend.refused(frontend.send("POST", "/api/tasks", b'{"title": "' + b"x" * (LIMIT - 13) + b'"}'))
    assert problem["errors"][0]["pointer"] == "#/title"


@pytest.mark.parametrize("task", TASK_IDS, ids=named)
def test_a_task_id_that_is_no_positive_64_bit_integer(frontend: Frontend, task: str) -> None:
    """422 for every method."""
    for method, suffix in [("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("PATCH", "/complete")]:
        for prefix in ("/api/tasks/", "/api/{user}/tasks/"):
            content = b"{}" if method in ("PUT", "PATCH") else None
            answer = frontend.send(method, prefix + task + suffix, content)
            frontend.refused(answer, 422)


@pytest.mark.parametrize("task", [1, 2**53, 2**63 - 1])
def test_a_task_id_that_nobody_has(frontend: Frontend, task: int) -> None:
    """An id of the right form is looked for, up to the largest."""
    for method in ("GET", "DELETE"):
        frontend.refused(frontend.send(method, f"/api/tasks/{task}"), 404)


@pytest.mark.parametrize("user", ["%00", "%FF", "%ED%A0%80", "%C0%80", "%20", "x" * 5000, "%2e%2e", "{user}%00", "me"])
def test_a_user_id_that_is_not_ones_own(frontend: Frontend, user: str) -> None:
    """Whatever stands in its place, there is nothing."""
    for method, path in [("GET", ""), ("POST", ""), ("GET", "/{task}"), ("DELETE", "/{task}")]:
        content = b'{"title": "x"}' if method == "POST" else None
        frontend.refused(frontend.send(method, f"/api/{user}/tasks{path}", content), 404)


@pytest.mark.parametrize("query", QUERIES, ids=named)
def test_a_query_that_means_nothing(frontend: Frontend, query: str) -> None:
    """422 that names the parameter by `?`, in both forms of the path."""
    for path in ("/api/tasks?", "/api/{user}/tasks/?"):
        problem = frontend.refused(frontend.send("GET", path + query))
        assert all(error["pointer"].startswith("?") for error in problem["errors"])


@pytest.mark.parametrize("document", CURSORS, ids=named)
def test_a_cursor_that_was_made_up(frontend: Frontend, document: object) -> None:
    """It is read as what it is: bytes from anyone."""
    forged = base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
    for path in ("/api/tasks", "/api/tasks/trash"):
        problem = frontend.refused(frontend.send("GET", f"{path}?cursor={forged}"))
        assert problem["errors"][0]["pointer"] == "?cursor"


@pytest.mark.parametrize("suffix", ["complete", "toggle"])
@pytest.mark.parametrize(
    "query", ["", "yes", "1", "True", "%00", "true%00", "%FF", "%ED%A0%80", f"{MARK}", "true&completed=true"]
)
def test_completing_takes_true_or_false(frontend: Frontend, suffix: str, query: str) -> None:
    """Anything else in the query is not taken for either, nor for a toggle."""
    frontend.refused(frontend.send("PATCH", f"/api/tasks/{{task}}/{suffix}?completed={query}"))


@pytest.mark.parametrize("key", KEYS, ids=named)
def test_an_idempotency_key_of_the_wrong_form(frontend: Frontend, key: str) -> None:
    """A key that cannot be kept is refused, for the client relies on it."""
    headers = {**JSON, "idempotency-key": key}
    frontend.refused(frontend.send("POST", "/api/tasks", b'{"title": "x"}', headers))
