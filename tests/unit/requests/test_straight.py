"""Which requests go straight to their handlers, and that everything else is left to the framework."""

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from api.straight import Straight
from api.tasks import routes

LIMIT = 1000
JSON = (b"content-type", b"application/json")
WITH_BODY = (JSON, (b"content-length", b"2"))


async def _framework(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("nobody asks")


@pytest.fixture(scope="module")
def straight() -> Straight:
    return Straight(_framework, framework=FastAPI(), router=routes.router, limit=LIMIT)


def scope_of(asked: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Scope:
    method, path = asked.split(" ", 1)
    return {"type": "http", "method": method, "path": path, "headers": [(b"host", b"x"), *headers]}


@pytest.mark.parametrize(
    ("asked", "template", "parameters"),
    [
        ("GET /api/tasks", "/api/tasks", {}),
        ("GET /api/tasks/stats", "/api/tasks/stats", {}),
        ("GET /api/tasks/trash", "/api/tasks/trash", {}),
        ("GET /api/tasks/7", "/api/tasks/{task_id}", {"task_id": "7"}),
        ("DELETE /api/tasks/7", "/api/tasks/{task_id}", {"task_id": "7"}),
        ("DELETE /api/tasks/trash", "/api/tasks/trash", {}),
        ("POST /api/tasks", "/api/tasks", {}),
        ("POST /api/tasks/batch", "/api/tasks/batch", {}),
        ("POST /api/tasks/7/restore", "/api/tasks/{task_id}/restore", {"task_id": "7"}),
        ("PUT /api/tasks/7", "/api/tasks/{task_id}", {"task_id": "7"}),
        ("PATCH /api/tasks/7", "/api/tasks/{task_id}", {"task_id": "7"}),
        ("PATCH /api/tasks/7/toggle", "/api/tasks/{task_id}/toggle", {"task_id": "7"}),
        (
            "PATCH /api/alice/tasks/7/complete",
            "/api/{user_id}/tasks/{task_id}/complete",
            {"user_id": "alice", "task_id": "7"},
        ),
        ("POST /api/a b/tasks", "/api/{user_id}/tasks", {"user_id": "a b"}),
        ("PATCH /api/tasks/123456789012345678", "/api/tasks/{task_id}", {"task_id": "123456789012345678"}),
    ],
)
def test_a_plain_request_goes_straight(
    straight: Straight, asked: str, template: str, parameters: dict[str, str]
) -> None:
    """With what the framework would have found in its path."""
    scope = scope_of(asked, () if asked.startswith(("GET", "DELETE")) else WITH_BODY)
    assert straight.find(scope)
    assert scope["tasklane.route"] == template
    assert scope["path_params"] == parameters


@pytest.mark.parametrize(
    "asked",
    [
        *("GET /", "GET /api", "GET /api/", "GET *", "GET ", "GET /metrics", "GET /api/account", "DELETE /api/account"),
        *("GET /api/tasks/export", "POST /api/tasks/import", "DELETE /api/tasks", "PATCH /api/tasks/batch"),
        *("GET /api/tasks/", "GET /api/tasks//", "GET /api//tasks", "GET /api/account/tasks", "GET /api/tasks/tasks"),
        *(
            "GET /api/tasks/{task_id}",
            "GET /api/tasks/0",
            "GET /api/tasks/07",
            "GET /api/tasks/+7",
            "GET /api/tasks/\u0667",
        ),
        *(
            "GET /api/tasks/1234567890123456789",
            "GET /api/tasks/7/toggle",
            "PATCH /api/tasks/7/toggle/",
            "GET /api/x/y/tasks",
        ),
        *("HEAD /api/tasks", "OPTIONS /api/tasks", "BREW /api/tasks", "PATCH /api/tasks/7/{task_id}"),
    ],
)
def test_what_may_be_something_else_is_left_to_the_framework(straight: Straight, asked: str) -> None:
    """Nothing is concluded from a path that is not exactly a route's, or whose id may be none."""
    scope = scope_of(asked, WITH_BODY)
    assert straight.find(scope) is None
    assert "tasklane.route" not in scope


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (JSON,),
        (JSON, (b"content-length", b"0")),
        (JSON, (b"content-length", b"1001")),
        (JSON, (b"content-length", b"+2")),
        (JSON, (b"content-length", b"2"), (b"content-length", b"2")),
        (JSON, (b"transfer-encoding", b"chunked")),
        (JSON, (b"content-length", b"2"), (b"transfer-encoding", b"chunked")),
        ((b"content-length", b"2"),),
        (JSON, JSON, (b"content-length", b"2")),
        ((b"content-type", b"text/plain"), (b"content-length", b"2")),
        ((b"content-type", b"application/json; charset=latin-1"), (b"content-length", b"2")),
    ],
)
def test_a_body_that_is_not_plain_is_left_to_the_framework(
    straight: Straight, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """One that is missing, too large, of another type, or of a length that is not told once."""
    assert straight.find(scope_of("POST /api/tasks", headers)) is None


def test_a_body_that_may_be_left_out_may_be(straight: Straight) -> None:
    """A toggle needs none."""
    assert straight.find(scope_of("PATCH /api/tasks/7/toggle"))
    assert straight.find(scope_of("PATCH /api/tasks/7/toggle", ((b"content-length", b"0"),)))


def test_a_service_beneath_a_path_is_left_to_the_framework(straight: Straight) -> None:
    """It knows where its own paths begin."""
    assert straight.find({**scope_of("GET /api/tasks"), "root_path": "/api"}) is None
