"""A thousand clients in one process that take their time: run with Python alone, inside a container.

`python - HOST PORT COUNT`: says `slow` when every one of them is connected, and goes on until it is ended. A third
never finishes its headers, a third never finishes its body, a third says nothing.
"""

import asyncio
import itertools
import sys

HEADERS = b"POST /api/tasks HTTP/1.1\r\nHost: tasks.test\r\nContent-Length: 60000\r\nContent-Type: application/json\r\n"


async def main(host: str, port: int, count: int) -> None:
    """Each byte comes a second after the one before; who is shown out comes again."""
    connected = asyncio.Semaphore(0)
    kinds = itertools.cycle((HEADERS + b"X-Slow: ", HEADERS + b"\r\n", b""))
    async with asyncio.TaskGroup() as clients:
        for _ in range(count):
            clients.create_task(dawdle(host, port, next(kinds), connected))
        for _ in range(count):
            await connected.acquire()
        sys.stdout.write("slow\n")
        sys.stdout.flush()


async def dawdle(host: str, port: int, beginning: bytes, connected: asyncio.Semaphore) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
            connected.release()
            writer.write(beginning)
            while beginning and not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(1)
            await asyncio.sleep(60)
        except OSError:
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
