"""The straight way and the framework's: whatever is asked, nobody can tell by which an answer came."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx

from tests.stack import ApiProcess, client, new_user

ORIGIN = {"origin": "http://localhost:3000"}
KEY = {"idempotency-key": "once"}

Asked = tuple[str, str, Any, dict[str, str]]

BODIES: list[Any] = [{}, [], None, 1, {"title": ""}, {"title": 1}, {"title": "x" * 201}]

SCRIPT: list[Asked] = [
    ("POST", "/api/tasks", {"title": " Buy milk ", "tags": ["a", "a"], "due_date": "2026-12-01"}, {}),
    ("POST", "/api/tasks/", {"title": "Second", "priority": "high", "unknown": 1}, ORIGIN),
    ("POST", "/api/{user}/tasks", {"title": "Third"}, KEY),
    ("POST", "/api/{user}/tasks", {"title": "Third"}, KEY),
    ("POST", "/api/tasks", {"title": "Another"}, KEY),
    ("POST", "/api/tasks", {"title": "x"}, {"idempotency-key": "\x7f"}),
    *(("POST", "/api/tasks", body, ORIGIN) for body in BODIES),
    *(
        ("POST", "/api/tasks", {"title": "x", **more}, {})
        for more in ({"due_date": "soon"}, {"tags": [1, ""]}, {"completed": 1})
    ),
    *(
        ("POST", "/api/tasks", text, {})
        for text in (b"", b"{", b'{"title":"a","title":"b"}', b"\xff", b"[" * 2000, b"NaN")
    ),
    ("POST", "/api/other/tasks", {"title": "x"}, {}),
    ("POST", "/api/tasks", {"title": "x"}, {"authorization": "Bearer nonsense"}),
    ("POST", "/api/tasks", {"title": "x"}, {"authorization": ""}),
    ("PATCH", "/api/tasks/{task}", {"title": "Changed", "description": None}, {}),
    ("PUT", "/api/tasks/{task}", {"priority": "urgent"}, ORIGIN),
    ("PATCH", "/api/tasks/{task}", {"priority": "never"}, {}),
    ("PATCH", "/api/tasks/{task}", {}, {"if-match": '"other"'}),
    ("PATCH", "/api/tasks/{task}", {}, {"if-match": "*"}),
    ("PATCH", "/api/tasks/999999999999", {"title": "x"}, ORIGIN),
    ("PATCH", "/api/tasks/{task}/complete", {"completed": True}, {}),
    ("PATCH", "/api/tasks/{task}/complete?completed=false", None, {}),
    ("PATCH", "/api/tasks/{task}/complete?completed=perhaps", {}, {}),
    ("PATCH", "/api/tasks/{task}/toggle", b"", {}),
    ("PATCH", "/api/{user}/tasks/{task}/toggle", {}, {}),
    ("PATCH", "/api/tasks/{task}/toggle", [], {}),
    ("POST", "/api/tasks/{task}/toggle", {}, {}),
    ("POST", "/api/tasks/{task}", {}, {}),
    ("POST", "/api/tasks/batch", {"operations": [{"op": "create", "task": {"title": "x"}}]}, {}),
    ("POST", "/api/tasks/batch", {"operations": []}, {}),
    ("GET", "/api/tasks/{task}", b"", {}),
    ("GET", "/api/tasks/999999999999", b"", {}),
    ("GET", "/api/tasks?limit=2&sort=title", b"", ORIGIN),
    ("GET", "/api/tasks?limit=none", b"", {}),
    ("HEAD", "/api/tasks?limit=3", b"", {}),
    ("GET", "/api/tasks/stats", b"", {}),
    ("DELETE", "/api/tasks/{task}", b"", {"if-match": '"other"'}),
    ("DELETE", "/api/tasks/{task}", b"", ORIGIN),
    ("DELETE", "/api/tasks/{task}", b"", {}),
    ("GET", "/api/tasks/trash", b"", {}),
    ("POST", "/api/tasks/{task}/restore", b"", {}),
    ("POST", "/api/tasks/{task}/restore", b"", {}),
    ("DELETE", "/api/tasks/{task}", {"a": "body"}, {}),
    ("DELETE", "/api/tasks/trash", b"", {}),
]


def in_pieces(body: bytes) -> Iterator[bytes]:
    """A body whose length is not announced: the framework's way."""
    yield body


def told(answer: httpx.Response, user: str) -> tuple[int, dict[str, str], str]:
    """What is the same for two users who did the same."""

    def plain(text: str) -> str:
        text = text.replace(user, "U")
        return re.sub(r"\d+", "N", re.sub(r"(?<=cursor=)[\w-]+|[0-9a-f]{12,}", "D", text))

    headers = {name: plain(value) for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return answer.status_code, headers, plain(answer.text)


def played(api: ApiProcess, *, straight: bool) -> list[tuple[int, dict[str, str], str]]:
    user = new_user()
    answers = []
    with client(api.url, user) as frontend:
        task = frontend.post("/api/tasks", json={"title": "first"}).json()["id"]
        for method, path, content, headers in SCRIPT:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            given = {"content-type": "application/json", **headers}
            answer = frontend.request(
                method,
                path.format(user=user, task=task),
                content=body if straight else in_pieces(body),
                headers=given,
            )
            answers.append(told(answer, user))
    return answers


def test_both_ways_answer_alike(api: ApiProcess) -> None:
    """Status, headers and body of everything that can be asked, right and wrong, with an origin and without."""
    by_handler, by_framework = played(api, straight=True), played(api, straight=False)
    for asked, one, other in zip(SCRIPT, by_handler, by_framework, strict=True):
        assert one == other, asked
    assert {status for status, _, _ in by_handler} >= {200, 201, 204, 401, 404, 405, 412, 422}
