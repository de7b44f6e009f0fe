"""`python -m api.write_openapi FILE` writes the document as a service with the default settings serves it."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from api.main import create_app
from core.settings import Settings

# Nothing is connected to: the document needs no database, but the service insists on being told of one.
NOWHERE: dict[str, Any] = {
    "NEON_DB_URL": "postgresql://nobody@localhost/nothing",
    "better_auth_secret": "no token is ever verified with this",
}


def served(*, task_list_shape: str = "array") -> str:
    """The document as text, from the service itself."""
    settings = Settings(_env_file=None, task_list_shape=task_list_shape, **NOWHERE)
    return json.dumps(asyncio.run(_get(settings)), indent=2, ensure_ascii=False) + "\n"


async def _get(settings: Settings) -> Any:
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return (await client.get("/openapi.json")).raise_for_status().json()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(served(), encoding="utf-8")
