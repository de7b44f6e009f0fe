"""Two families of clients, each as its makers give it: the Python SDK's, and the inspector's command line on Node."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from tests.frontend.node import FRONTEND
from tests.stack import TOP

INSPECTOR = TOP / "tests/assistants/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
ERAS = ("legacy", "2026-07-28")
"""With a handshake, as clients did until 2025-11-25, and without one."""

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool answered: what it gives, or why it does not."""

    given: Given | None
    text: str

    @property
    def failed(self) -> bool:
        return self.given is None


@dataclass(frozen=True, slots=True)
class Assistant:
    """The Python SDK's client, which holds what comes against the schemas that it was told."""

    client: Client

    async def call(self, tool: str, **arguments: object) -> Said:
        result = await self.client.call_tool(tool, arguments)
        [content] = result.content
        assert isinstance(content, TextContent)
        if result.is_error:
            assert result.structured_content is None
            return Said(None, content.text)
        assert json.loads(content.text) == result.structured_content
        return Said(result.structured_content, content.text)

    async def give(self, tool: str, **arguments: object) -> Given:
        """What a call gives that must not fail."""
        said = await self.call(tool, **arguments)
        assert said.given is not None, said.text
        return said.given


@asynccontextmanager
async def assistant(url: str, token: str, era: str = ERAS[-1]) -> AsyncIterator[Assistant]:
    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=era) as client,
    ):
        yield Assistant(client)


async def inspect(url: str, token: str, era: str, tool: str, **arguments: object) -> Said:
    """One call by the inspector, in a process of its own."""
    said, complaint = await _inspected(url, token, era, tool, arguments)
    assert said, complaint
    result = json.loads(said)["result"]
    text = result["content"][0]["text"]
    return Said(None if result["isError"] else result["structuredContent"], text)


async def turned_away(url: str, token: str, era: str, tool: str, **arguments: object) -> bool:
    """Whether the inspector, in a process of its own, gets no answer but a refusal."""
    said, complaint = await _inspected(url, token, era, tool, arguments)
    assert token not in said + complaint
    return not said or "result" not in json.loads(said)


async def _inspected(url: str, token: str, era: str, tool: str, arguments: Given) -> tuple[str, str]:
    command: list[str | Path] = ["node", INSPECTOR, "--cli", f"{url}/mcp", "--transport", "http", "--protocol-era", era]
    command += ["--header", f"Authorization: Bearer {token}", "--format", "json", "--quiet", "--method", "tools/call"]
    command += ["--tool-name", tool, "--tool-args-json", json.dumps(arguments)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=FRONTEND.folder,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    return said.decode(), complaint.decode()


def request(tool: str, **arguments: object) -> Given:
    """A call as it goes over the wire without a handshake of any kind."""
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def ask(frontend: httpx.Client, tool: str, **arguments: object) -> Given:
    """The same without a client; what the tool gives."""
    answer = frontend.post("/mcp", json=request(tool, **arguments), headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.text
    given: Given = answer.json()["result"]["structuredContent"]
    return given
