"""The load test's users, at work against a project's gateway while a test does something to it."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any, Protocol, Self

from deploy.local.plan import TOP
from tests.deploy.containers.project import PATIENCE, machine

LOCUSTFILE = TOP / "loadtests" / "locustfile.py"
SPAWNED = "All users spawned"
ROLLOUTS, REQUESTS = int(os.environ.get("ROLLOUTS", "1")), int(os.environ.get("REQUESTS", "0"))
"""How many rolling restarts, and under how many requests at least: 20 and 50,000 for docs/reliability/README.md."""


class Target(Protocol):
    """What is put under load: a compose project, or pods behind a proxy."""

    url: str
    issuer: str

    @property
    def secret(self) -> str:
        """What tokens are signed with."""

    def answered(self, *, since: float) -> list[dict[str, Any]]:
        """The gateway's log from that time on, each line with its `status`."""


class Traffic:
    """Locust without its page: each of its users knows what every answer must be, and says so when it is not."""

    def __init__(self, target: Target, *, users: int = 12, think: float = 0.06) -> None:
        self._target, self._began = target, time.time()
        command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--host", target.url]
        command += ["--headless", "--users", str(users), "--spawn-rate", str(users), "--only-summary"]
        self._process = subprocess.Popen(
            command,
            env={
                **machine(),
                "BETTER_AUTH_SECRET": target.secret,
                "AUTH_ISSUER": target.issuer,
                "AUTH_AUDIENCE": target.issuer,
                "THINK": str(think),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._output: list[str] = []
        self._flows = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        assert self._flows.wait(PATIENCE), self.output
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends it; raises `AssertionError` when one answer was wrong or missing."""
        self._process.terminate()
        code = self._process.wait(PATIENCE)
        self._reader.join()
        if kind is None:
            assert code == 0, self.output + self._refusals()
            assert self.requests > 100, self.output

    @property
    def output(self) -> str:
        return "".join(self._output)

    @property
    def requests(self) -> int:
        """How many there were in all, known at the end."""
        total = re.search(r"Aggregated\s+(\d+)", self.output)
        return int(total[1]) if total else 0

    def _refusals(self) -> str:
        """What the gateway knows of the answers that were none."""
        lines = self._target.answered(since=self._began)
        return "\n".join(json.dumps(line) for line in lines if line["status"] >= 500)

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as output:
            for line in output:
                self._output.append(line)
                if SPAWNED in line:
                    self._flows.set()
        self._flows.set()  # it has ended: nobody waits any longer
