"""The layer that serves page, sign-in and API at one origin: against an auth server that tells what it was sent."""

import gzip
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from deploy.local.front import BODY_LIMIT, POLICY, Front, read_page
from deploy.local.plan import TOP

pytestmark = pytest.mark.anyio

INDEX = "<!doctype html><title>Page</title>" + " " * 1000
NOWHERE = "http://127.0.0.1:1"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, and sets two cookies."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        text = json.dumps({"path": self.path, "headers": dict(self.headers), "body": body}).encode()
        self.send_response(418)
        for cookie in ("a=1; HttpOnly", "b=2; HttpOnly"):
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET  # noqa: N815  # the name that the server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "assets" / "index-abc.js").write_text("1")
    return tmp_path


def browser(app: ASGIApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://tasks.example")


def front(dist: Path, auth: str = NOWHERE) -> Front:
    return Front(PlainTextResponse("the API"), page=read_page(dist), auth=auth)


@pytest.fixture
async def page(dist: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(front(dist)) as page:
        yield page


async def test_the_page_may_do_nothing_but_what_it_does(page: httpx.AsyncClient) -> None:
    """Scripts of its own origin only, in nobody's frame; asked for again each time, and sent again when it changed."""
    answer = await page.get("/")
    assert answer.text == INDEX
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    again = await page.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]


async def test_assets_are_kept(page: httpx.AsyncClient) -> None:
    """Their names change with them."""
    answer = await page.get("/assets/index-abc.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_files_are_packed_where_that_helps(page: httpx.AsyncClient) -> None:
    """And only for whoever takes them so."""
    packed = await page.send(page.build_request("GET", "/"), stream=True)
    raw = b"".join([piece async for piece in packed.aiter_raw()])
    assert (packed.headers["content-encoding"], gzip.decompress(raw)) == ("gzip", INDEX.encode())
    plain = await page.get("/", headers={"Accept-Encoding": "br"})
    tiny = await page.get("/assets/index-abc.js")
    assert ["content-encoding" in answer.headers for answer in (plain, tiny)] == [False, False]
    head = await page.head("/")
    assert (head.headers["content-length"], head.content) == (str(len(raw)), b"")


@pytest.mark.parametrize("path", ["/api/tasks", "/api/auth", "/nothing", "/index.html", "/assets/../index.html"])
async def test_all_else_is_the_apis(page: httpx.AsyncClient, path: str) -> None:
    """What is not a file of the page is not looked for on the disk."""
    assert (await page.get(path)).text == "the API"
    assert (await page.post("/")).text == "the API"


async def test_the_sign_in_is_passed_on(dist: Path) -> None:
    """Path, query, body and cookies both ways; and the caller's address, which the caller cannot make up."""
    forged = {"X-Forwarded-For": "203.0.113.1", "Forwarded": "for=203.0.113.1", "Cookie": "c=3"}
    with echo() as url:
        async with browser(front(dist, url)) as page:
            answer = await page.post("/api/auth/sign-in/email?a=%20b", json={"email": "x"}, headers=forged)
    asked = answer.json()
    assert answer.status_code == 418
    assert answer.headers.get_list("set-cookie") == ["a=1; HttpOnly", "b=2; HttpOnly"]
    assert (asked["path"], asked["body"]) == ("/api/auth/sign-in/email?a=%20b", '{"email":"x"}')
    headers = {name.lower(): value for name, value in asked["headers"].items()}
    assert headers["x-forwarded-for"] == "192.0.2.7"
    assert headers["cookie"] == "c=3"
    assert headers["host"] == "tasks.example"
    assert "forwarded" not in headers


async def test_a_large_body_is_not_passed_on(dist: Path) -> None:
    async with browser(front(dist)) as page:
        answer = await page.post("/api/auth/sign-in/email", content=b"x" * (BODY_LIMIT + 1))
    assert (answer.status_code, answer.json()["detail"]) == (413, "The body is too large.")


async def test_a_sign_in_that_is_away_is_a_problem(dist: Path) -> None:
    """With the time after which to ask again; the rest goes on."""
    async with browser(front(dist)) as page:
        answer = await page.get("/api/auth/token")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await page.get("/api/tasks")).text == "the API"


def test_the_page_has_one_policy_wherever_it_is_served() -> None:
    """Here, behind the gateway, and in the page itself; a page cannot forbid being framed (CSP 3, section 3.3)."""
    ours = set(POLICY.split("; "))
    gateway = (TOP / "deploy/nginx/policies.conf").read_text()
    page = (TOP / "frontend/app/vite.config.ts").read_text()
    [behind_the_gateway] = re.findall(r'default "(default-src .*)";', gateway)
    [in_the_page] = re.findall(r"const POLICY = \[(.*?)\]", page, re.DOTALL)
    assert set(behind_the_gateway.split("; ")) == ours
    assert set(re.findall(r'"(.*?)"', in_the_page)) == ours - {"frame-ancestors 'none'"}


@pytest.mark.parametrize("path", ["/api/auth/%0d", "/api/auth/%00", "/api/auth/..%5c..%5creadyz", "/api/auth/a%20b"])
async def test_no_path_leads_past_the_sign_in(dist: Path, path: str) -> None:
    """Nor can one that no URL has break it: there is nothing, and the auth server is not asked."""
    with echo() as url:
        async with browser(front(dist, url)) as page:
            answer = await page.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_calendars_are_the_apis(page: httpx.AsyncClient) -> None:
    """With each of their methods, though a page lies beside them."""
    for path in ("/.well-known/caldav", "/dav", "/dav/", "/dav/calendars/alice/tasks/index.html"):
        for method in ("GET", "PROPFIND", "REPORT", "PUT"):
            assert (await page.request(method, path)).text == "the API"
