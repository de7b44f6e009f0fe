#!/usr/bin/env bash
# uvicorn 0.54.0, uvloop 0.23.0: a graceful shutdown cuts off requests that were sent before it began.
#
# Valid input: two kinds of clients of a server on uvloop, as `uvicorn[standard]` runs it. Five have connected and have sent
# a whole request each, and the server's event loop has not come round yet to let them in; three were let in a moment ago
# and send theirs when the shutdown begins. Whoever stops a server behind a proxy has such clients all the time.
#
# Expected: uvicorn's documentation of deployment has processes replaced gracefully, and its shutdown waits for what is
# under way (`--timeout-graceful-shutdown`). RFC 9112, 9.6 warns of closing with something unread, for that resets.
#
# Seen on 2026-11-29: none of the eight gets an answer. A proxy cannot know whether such a request
# was heard, and must not send a POST again (RFC 9110, 9.2.2). The loop lets in one connection a turn, so that many that
# come at once wait long. Who closes the listener only when nobody waits, and leaves idle connections a moment, loses none.
#   inside: reset, reset, reset
#   waiting: reset, reset, reset, reset, reset
set -euo pipefail
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install uvicorn==0.54.0 uvloop==0.23.0 httptools==0.9.0
"$work/venv/bin/python" - <<'PYTHON'
import asyncio
import socket

import uvicorn
import uvloop

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
SECONDS = 10


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def outcome(client):
    reader, writer = await asyncio.open_connection(sock=client)
    try:
        line = await asyncio.wait_for(reader.readline(), SECONDS)
    except ConnectionError:
        return "reset"
    finally:
        writer.close()
    return line.decode().strip() or "ended"


async def main():
    config = uvicorn.Config(application, port=0, loop="uvloop", http="httptools", lifespan="off", log_level="error")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    address = server.servers[0].sockets[0].getsockname()

    inside = []
    for number in range(3):
        inside.append(socket.create_connection(address))
        while len(server.server_state.connections) <= number:
            await asyncio.sleep(0)
    waiting = [socket.create_connection(address) for _ in range(5)]
    for client in waiting:
        client.sendall(REQUEST)
    for client in inside:
        client.sendall(REQUEST)  # it has arrived, and nobody has read it
    await server.shutdown()
    found = {name: [await outcome(client) for client in some] for name, some in (("inside", inside), ("waiting", waiting))}
    for name, outcomes in found.items():
        print(f"{name}: {', '.join(outcomes)}")
    assert {one for outcomes in found.values() for one in outcomes} <= {"reset", "ended"}, "some were answered"


uvloop.run(main())
print("confirmed: uvicorn 0.54.0 answers none of eight requests that were sent before its shutdown began")
PYTHON
