"""One origin for everything: the page at `/`, the sign-in at `/api/auth/*`, and the API at whatever else is asked.

What a gateway does where there is one; here in the API's own process, as a layer around it.
"""

import gzip
import hashlib
import mimetypes
import os
import re
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.hits.direct import DirectHits
from api.http.problems import NOTHING_HERE, Problem
from api.main import create_app as create_api
from api.observe.requests import SECURITY as ANYWHERE
from deploy.local.programs import AUTH, PAGE

AUTH_PATH = "/api/auth/"
POLICY = (
    "default-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types tasklane-worker"
)
SECURITY: list[tuple[bytes, bytes]] = [
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
IMMUTABLE = "public, max-age=31536000, immutable"
"""For files whose names change with their content."""
REVALIDATED = "no-cache"

_ELSEWHERE = re.compile(r"[\x00-\x20\x7f\\]|/\.{1,2}(?:/|\Z)")

BODY_LIMIT = 65_536
TIMEOUT = httpx.Timeout(10, connect=2)
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
NOT_PASSED_ON = HOP_BY_HOP | {"accept-encoding", "content-length", "forwarded"}


def create_app() -> ASGIApp:
    """For `uvicorn --factory`; the settings `PAGE` and `AUTH` say what is around the API."""
    return Front(create_api(), page=read_page(Path(os.environ[PAGE])), auth=os.environ[AUTH])


@dataclass(frozen=True, slots=True)
class File:
    """A file of the page as it is sent."""

    body: bytes
    packed: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    etag: bytes


class Front:
    """Passes each request to where it belongs; the auth server away is a problem, and slows nothing else."""

    def __init__(self, api: ASGIApp, *, page: dict[str, File], auth: str) -> None:
        self._api = api
        self._page = page
        # Not the machine's proxy: the auth server is this machine's own. And no cookie is kept: the next request's user
        # would be signed in with the session of the one before.
        forgetful = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._auth = httpx.AsyncClient(base_url=auth, timeout=TIMEOUT, trust_env=False, cookies=forgetful)

    @property
    def direct(self) -> DirectHits | None:
        """The API's: what it knows of was passed to it by its path, and is as it was there."""
        return getattr(self._api, "direct", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._api(scope, receive, send)
            await self._auth.aclose()
        elif scope["type"] != "http":
            await self._api(scope, receive, send)
        elif _leads_elsewhere(scope["path"]):
            problem = Problem(HTTPStatus.NOT_FOUND, NOTHING_HERE)
            await problem.response()(scope, receive, send)
        elif scope["path"].startswith(AUTH_PATH):
            await self._pass_on(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD") and (file := self._page.get(scope["path"])):
            await _send_file(file, scope, send)
        else:
            await self._api(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._ask(request)
        except ClientDisconnect:
            return
        except httpx.HTTPError:
            detail = "Signing in is not possible right now. Try again soon."
            problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": "2"})
            await problem.response()(scope, receive, send)
            return
        if answer is None:
            problem = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
            await problem.response()(scope, receive, send)
            return
        kept = [(name.lower(), value) for name, value in answer.headers.raw if name.decode().lower() not in HOP_BY_HOP]
        length = (b"content-length", str(len(answer.content)).encode())
        headers = [*(header for header in kept if header[0] != length[0]), length, *ANYWHERE]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.content})

    async def _ask(self, request: Request) -> httpx.Response | None:
        """The auth server's answer; None for a body that is too large to be passed on."""
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_LIMIT:
                return None
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if (plain := name.decode()) not in NOT_PASSED_ON and not plain.startswith("x-forwarded-")
        ]
        client = request.client.host if request.client else ""
        # The one that the auth server counts attempts by: said by us, not by the client.
        headers += [(b"x-forwarded-for", client.encode()), (b"accept-encoding", b"identity")]
        path = httpx.URL(path=request.scope["path"], query=request.scope["query_string"])
        return await self._auth.request(request.method, path, headers=headers, content=bytes(body) or None)


def _leads_elsewhere(path: str) -> bool:
    """Whether someone behind this may take it for another path: by steps upwards, or by what no URL can have."""
    return path.startswith(AUTH_PATH) and _ELSEWHERE.search(path) is not None


def read_page(folder: Path) -> dict[str, File]:
    """All files by their paths, packed once; `index.html` is `/`."""
    page = {f"/{file.relative_to(folder)}": _file(file, folder) for file in folder.rglob("*") if file.is_file()}
    page["/"] = page.pop("/index.html")
    return page


def _file(path: Path, folder: Path) -> File:
    body = path.read_bytes()
    packed = gzip.compress(body, mtime=0)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    caching = IMMUTABLE if path.is_relative_to(folder / "assets") else REVALIDATED
    headers = (
        (b"content-type", f"{kind}; charset=utf-8".encode() if kind.startswith("text/") else kind.encode()),
        (b"cache-control", caching.encode()),
        (b"vary", b"Accept-Encoding"),
        (b"etag", etag),
        *SECURITY,
    )
    return File(body, packed if len(packed) < len(body) else b"", headers, etag)


async def _send_file(file: File, scope: Scope, send: Send) -> None:
    asked = Headers(scope=scope)
    headers = list(file.headers)
    if file.etag.decode() in asked.get("if-none-match", ""):
        await send({"type": "http.response.start", "status": HTTPStatus.NOT_MODIFIED, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    body = file.body
    if file.packed and "gzip" in asked.get("accept-encoding", ""):
        body = file.packed
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
