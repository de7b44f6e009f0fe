"""What the worker says of itself: what its audit of the cache has counted in all its lives, whom it reaches."""

import asyncio
import contextlib
import json
import re
from collections import defaultdict

_SAMPLE = re.compile(r"^tasklane_worker_(\w+?)(?:_total)?(?:\{([^}]*)\})? ([0-9.e+]+)$", re.MULTILINE)
PERIOD = 0.25


class Audit:
    """Follows the counters of one port; a counter that falls belongs to a new life."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._past: defaultdict[str, float] = defaultdict(float)
        self._now: dict[str, float] = {}

    def __getitem__(self, name: str) -> int:
        """Over all lives: `audited_values`, `audit_differences`, `jobs` with its labels."""
        return round(self._past[name] + self._now.get(name, 0.0))

    @property
    def runs(self) -> int:
        """Audits that came to their end."""
        return self['jobs job="audit_cache",outcome="succeeded"']

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD)

    async def look(self) -> None:
        """Once; a worker that is away says nothing."""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(2):
                text = await self._fetched("/metrics")
            found = {f"{name} {labels}".strip(): float(value) for name, labels, value in _SAMPLE.findall(text)}
            for name, before in self._now.items():
                if found.get(name, 0.0) < before:
                    self._past[name] += before
            self._now = found

    async def reaches_servers(self) -> bool:
        """Whether the worker reaches PostgreSQL and Redis."""
        with contextlib.suppress(OSError, ValueError):
            async with asyncio.timeout(2):
                _, _, body = (await self._fetched("/readyz")).partition("\r\n\r\n")
            parts = json.loads(body)
            return bool(parts["database"] == parts["redis"] == "ok")
        return False

    async def _fetched(self, path: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return (await reader.read()).decode()
        finally:
            writer.close()
