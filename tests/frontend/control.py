"""What a test in another process may have done here."""

import json
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def control(**actions: Callable[[], None]) -> Iterator[tuple[str, ...]]:
    """A command for each, in their order, with which another process has it done here."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            actions[self.path.removeprefix("/")]()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield tuple(_asking(server, name) for name in actions)
        finally:
            server.shutdown()


def _asking(server: ThreadingHTTPServer, name: str) -> str:
    script = f"await fetch({json.dumps(f'http://127.0.0.1:{server.server_port}/{name}')})"
    return shlex.join(["node", "--input-type=module", "--eval", script])
