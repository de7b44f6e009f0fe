"""What a test in another process may have done here."""

import json
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def control(*, stop: Callable[[], None], start: Callable[[], None]) -> Iterator[tuple[str, str]]:
    """Two commands with which another process has these done here."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            {"/stop": stop, "/start": start}[self.path]()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield _asking(server, "/stop"), _asking(server, "/start")
        finally:
            server.shutdown()


def _asking(server: ThreadingHTTPServer, path: str) -> str:
    script = f"await fetch({json.dumps(f'http://127.0.0.1:{server.server_port}{path}')})"
    return shlex.join(["node", "--input-type=module", "--eval", script])
