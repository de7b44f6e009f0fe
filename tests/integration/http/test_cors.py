"""CORS: which pages may read what."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import ORIGIN
from tests.integration.http.test_http import see_problem

ELSEWHERE = "http://evil.example"
EXPOSED = {"etag", "link", "location", "x-total-count", "x-cache", "idempotent-replayed", "x-request-id", "retry-after"}


def preflight(browser: httpx.Client, origin: str, method: str, headers: str) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    return browser.options("/api/tasks", headers=asked)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        "authorization,content-type,idempotency-key,if-match",
        "Authorization, Content-Type, If-None-Match, X-Request-ID",
        "content-type",
    ],
)
def test_a_preflight_from_a_known_origin(browser: httpx.Client, method: str, headers: str) -> None:
    """Every method and every header of the contract may be sent, with credentials, and the browser may remember it."""
    allowed = preflight(browser, ORIGIN, method, headers)
    assert allowed.is_success
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert method in re.split(", *", allowed.headers["access-control-allow-methods"])
    granted = set(re.split(", *", allowed.headers["access-control-allow-headers"].lower()))
    assert set(re.split(", *", headers.lower())) <= granted
    assert int(allowed.headers["access-control-max-age"]) > 0
    assert "origin" in allowed.headers["vary"].lower()


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", f"{ORIGIN}.evil.example", "https://localhost:3000", "*"])
def test_other_origins_may_nothing(browser: httpx.Client, alice: httpx.Client, origin: str) -> None:
    """Neither by preflight nor by a plain request, and never by a star."""
    for answer in (
        preflight(browser, origin, "GET", "authorization"),
        alice.get("/api/tasks", headers={"origin": origin}),
    ):
        assert "access-control-allow-origin" not in answer.headers


def test_a_page_can_read_what_the_contract_promises(alice: httpx.Client) -> None:
    """The headers are exposed, on a miss, a hit and a 304, and a cache in between keeps origins apart."""
    etag = ""
    for status in (200, 200, 304, 304, 304):
        answer = alice.get(
            "/api/tasks", headers={"origin": ORIGIN, "if-none-match": etag} if etag else {"origin": ORIGIN}
        )
        etag = answer.headers["etag"] if answer.headers["x-cache"] == "hit" else ""
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert set(re.split(", *", answer.headers["access-control-expose-headers"].lower())) >= EXPOSED
        vary = ", ".join(answer.headers.get_list("vary")).lower()
        assert {"origin", "authorization"} <= set(re.split(", *", vary))


@pytest.mark.parametrize(
    ("status", "asked", "request_"),
    [
        (401, "GET /api/tasks", {"headers": {"authorization": "Bearer a.b.c"}}),
        (404, "GET /api/tasks/9223372036854775807", {}),
        (404, "GET /api/someone-else/tasks", {}),
        (404, "GET /nope", {}),
        (405, "DELETE /api/tasks", {}),
        (412, "DELETE /api/tasks/{task}", {"headers": {"if-match": '"other"'}}),
        (413, "POST /api/tasks", {"content": b" " * 100_000, "headers": {"content-type": "application/json"}}),
        (415, "POST /api/tasks", {"content": b"title=x"}),
        (422, "POST /api/tasks", {"json": {"title": ""}}),
        (422, "GET /api/tasks?limit=0", {}),
    ],
)
def test_an_error_is_a_problem_that_a_page_can_read(
    alice: httpx.Client, place: Mapping[str, str], status: int, asked: str, request_: Mapping[str, Any]
) -> None:
    """CORS headers, a request id and a problem document on every error; nothing may store it."""
    method, path = asked.split(" ")
    headers = {"origin": ORIGIN, **request_.get("headers", {})}
    answer = alice.request(method, path.format(**place), **{**request_, "headers": headers})
    see_problem(answer, status)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert set(re.split(", *", answer.headers["access-control-expose-headers"].lower())) >= EXPOSED
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]


def test_a_refused_preflight_is_a_problem(browser: httpx.Client) -> None:
    """With the header that tells caches what it depends on."""
    refused = preflight(browser, "http://elsewhere.example", "GET", "authorization")
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert refused.json()["detail"] == "Disallowed CORS origin."
    assert "origin" in refused.headers["vary"].lower()
