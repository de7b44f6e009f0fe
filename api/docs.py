"""The page on which the API can be tried: Swagger UI, all of it from here, and its policy allows nothing else."""

from functools import lru_cache
from importlib.resources import files
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, Response

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tasklane: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
START = 'SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });\n'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"content-security-policy": POLICY, "cache-control": "no-cache"}

Asset = Literal["swagger-ui-bundle.js", "swagger-ui.css"]

router = APIRouter(prefix="/docs", include_in_schema=False)


@router.get("")
async def docs() -> Response:
    return HTMLResponse(PAGE, headers=HEADERS)


@router.get("/start.js")
async def start(request: Request) -> Response:
    request.scope["tasklane.route"] = "/docs/start.js"
    return Response(START, headers=HEADERS, media_type="text/javascript")


@router.get("/swagger-ui-bundle.js")
async def script(request: Request) -> Response:
    return _asset(request, "swagger-ui-bundle.js", "text/javascript")


@router.get("/swagger-ui.css")
async def style(request: Request) -> Response:
    return _asset(request, "swagger-ui.css", "text/css")


def _asset(request: Request, name: Asset, media_type: str) -> Response:
    request.scope["tasklane.route"] = f"/docs/{name}"
    return FileResponse(_path(name), media_type=media_type, headers=HEADERS)


@lru_cache
def _path(name: Asset) -> str:
    return str(files("fastapi_offline") / "static" / name)
