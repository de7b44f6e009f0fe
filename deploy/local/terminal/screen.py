"""What `make up` says: a line per step while it starts and stops, and one screen when it is up."""

import os
import sys
import time
from urllib.parse import urlsplit

WELCOME = """
  Page        {page}
  API         {url}/api/tasks
  Docs        {url}/docs
  PostgreSQL  {database}
  Redis       {redis}
  Data, logs  {folder}
  Tokens      {demands}

{token}

Ctrl-C stops everything; the data stays.
"""

TRY_IT = """\
A token for {user} (for someone else: make token USER=bob):

  {token}

Try it:

  curl {url}/api/tasks \\
    -H 'Content-Type: application/json' -d '{{"title": "Water the plants"}}' \\
    -H 'Authorization: Bearer {token}'"""


class Progress:
    """Lines with the seconds since the start. A terminal that went away is no reason to stop half-way."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        self.show(f"[{time.monotonic() - self._began:5.1f} s] {text}")

    def show(self, text: str) -> None:
        try:
            print(text, flush=True)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}").geturl()
