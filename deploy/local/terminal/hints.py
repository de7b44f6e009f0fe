"""What the API's log says that whoever tries things out should see on the terminal: why a page gets nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

HINTS = {
    "origin_refused": "A page from {origin} asks and may not read the answers: name it in CORS_ORIGINS",
    "tokens_refused": 'Tokens are refused ({reason}): see "My token is refused" in docs/frontend.md',
}


class Hints:
    """Reads what is added to a log from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = log.stat().st_size if log.exists() else 0
        self._begun = b""

    def new(self) -> Iterator[str]:
        with self._log.open("rb") as log:
            log.seek(self._read)
            added = log.read()
        self._read += len(added)
        *lines, self._begun = (self._begun + added).split(b"\n")
        for line in lines:
            if line.startswith(b"{") and (hint := _hint(line)):
                yield hint


def _hint(line: bytes) -> str | None:
    try:
        told = json.loads(line)
        return HINTS[told["event"]].format_map(told)
    except (ValueError, LookupError, TypeError):
        return None
