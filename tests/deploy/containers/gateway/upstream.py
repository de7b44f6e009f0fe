"""Stands where a replica of the API does, to see what the gateway sends: run with Python alone, inside a container.

Every request is told on stdout as a line of JSON. On `/api/…/lost` the connection is closed without an answer.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = [[name.lower(), value] for name, value in self.headers.items()]
        seen = {"method": self.command, "path": self.path, "headers": headers, "body": body.decode()}
        sys.stdout.write(json.dumps(seen) + "\n")
        sys.stdout.flush()
        if "/lost" in self.path:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  # the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8000), Upstream).serve_forever()  # of a container
