"""The API in this process, on a real socket, and connections to it, byte by byte."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import uvicorn

from api.hits.protocol import HitProtocol
from deploy.local.servers.redis import RedisServer
from tests.here import application
from tests.stack import Stack

ORIGIN = "http://page.example"
PATIENCE = 60
KEEP_ALIVE = 1000.0
DIRECT = re.compile(r"^tasklane_direct_hits_total (\S+)$", re.MULTILINE)


class Client:
    """A connection to the API, byte by byte, and the API's end of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end: HitProtocol) -> None:
        self._reader = reader
        self._writer = writer
        self.end = end

    def send(self, *requests: bytes) -> None:
        self._writer.write(b"".join(requests))

    async def read(self) -> tuple[bytes, bytes]:
        """Head and body of one answer."""
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: (\d+)", head)
            return head, await self._reader.readexactly(int(length[1])) if length else b""

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        self.send(request)
        return await self.read()

    async def rest(self) -> bytes:
        """What comes until the API closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read()

    async def until(self, holds: Callable[[], object]) -> None:
        """Let the API go on until this holds of its end."""
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110  # it is the API that goes on, in this very loop
                await asyncio.sleep(0)

    def close(self) -> None:
        self._writer.close()


class Served:
    """The API in this process, on a real socket, with a Redis of its own."""

    def __init__(self, server: uvicorn.Server, port: int, redis: RedisServer) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{port}"
        self.redis = redis
        self.address = ("127.0.0.1", port)
        self._clients: list[Client] = []

    async def connect(self) -> Client:
        before = set(self.server.server_state.connections)
        reader, writer = await asyncio.open_connection(*self.address)
        async with asyncio.timeout(PATIENCE):
            while not (new := set(self.server.server_state.connections) - before):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0)
        [end] = new
        assert isinstance(end, HitProtocol)
        self._clients.append(client := Client(reader, writer, end))
        return client

    async def metrics(self) -> str:
        async with httpx.AsyncClient(base_url=self.url) as client:
            return (await client.get("/metrics", timeout=PATIENCE)).text

    async def direct_hits(self) -> int:
        return int(float(DIRECT.findall(await self.metrics())[0]))

    def leave(self) -> None:
        for client in self._clients:
            client.close()


@asynccontextmanager
async def served(stack: Stack, redis: RedisServer, **variables: str) -> AsyncIterator[Served]:
    app = application(stack.settings(REDIS_URL=redis.url, CORS_ORIGINS=ORIGIN, **variables))
    config = uvicorn.Config(app, http=HitProtocol, port=0, log_config=None, proxy_headers=False, server_header=False)
    config.timeout_keep_alive = KEEP_ALIVE  # type: ignore[assignment]  # a part of a second does as well
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    socket = config.bind_socket()
    await server.startup(sockets=[socket])
    ticking = asyncio.create_task(server.main_loop())
    api = Served(server, socket.getsockname()[1], redis)
    try:
        yield api
    finally:
        redis.thaw()
        api.leave()
        server.should_exit = True
        await ticking
        await server.shutdown(sockets=[socket])


def get(alice: httpx.AsyncClient, path: str = "/api/tasks", **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: x", f"Authorization: {alice.headers['authorization']}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def known(client: Client, request: bytes) -> tuple[bytes, bytes]:
    """Ask until the API knows this request by its bytes; its answer."""
    direct = client.end._direct
    assert direct is not None
    for _ in range(3):
        answer = await client.ask(request)
        if direct._requests.find(request):
            return answer
    raise AssertionError("it is not known after three times")
