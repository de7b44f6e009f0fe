"""`.local/`: the data, the logs, the secret, and who is at work there. One stack at a time."""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from core.errors import ConfigurationError

ORPHANS_TIMEOUT = 40.0
"""Seconds for the guardian of a killed stack to stop what that left: at most five processes."""

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Running:
    """What `stack.json` says of the stack that serves now; of the secret a fingerprint only."""

    url: str
    pid: int
    key: str | None
    issuer: str | None
    audience: str | None


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """The folder of one stack; nothing is made before `locked`."""

    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    @contextlib.contextmanager
    def locked(self, *, wait: Callable[[float], object] = time.sleep) -> Iterator[int]:
        """Hold the folder; yields the lock's descriptor. Raises `ConfigurationError` while another stack holds it.

        The kernel releases the lock with its last holder, so it is never stale. `wait` is called, with seconds, while
        the processes of a stack that was killed are still being stopped.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("a+") as lock:
            self._acquire(lock, wait)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield lock.fileno()

    @contextlib.contextmanager
    def announced(self, running: Running) -> Iterator[None]:
        """Say in `stack.json` that the stack serves, for as long as it does."""
        _write_private(self._stack, json.dumps(asdict(running)))
        try:
            yield
        finally:
            self._stack.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """The stack that serves now, if there is one; what a killed stack left behind does not count."""
        with contextlib.suppress(FileNotFoundError):
            running = Running(**json.loads(self._stack.read_text()))
            return running if _alive(running.pid) else None
        return None

    def secret(self) -> str | None:
        """What local tokens are signed with; None before the first start."""
        with contextlib.suppress(FileNotFoundError):
            return self._secret.read_text().strip()
        return None

    def make_secret(self) -> None:
        """Once; it outlives restarts, and so do the tokens."""
        _write_private(self._secret, _new_secret())

    def auth_secret(self) -> str:
        """What the sign-in signs its cookies with and encrypts its keys; made once, it stays with their database."""
        if not self._auth_secret.exists():
            _write_private(self._auth_secret, _new_secret())
        return self._auth_secret.read_text().strip()

    @property
    def _stack(self) -> Path:
        return self.path / "stack.json"

    @property
    def _secret(self) -> Path:
        return self.path / "secret"

    @property
    def _auth_secret(self) -> Path:
        return self.path / "auth-secret"

    def _acquire(self, lock: TextIO, wait: Callable[[float], object]) -> None:
        deadline = time.monotonic() + ORPHANS_TIMEOUT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = int(lock.read() or 0)
                if not holder or _alive(holder) or time.monotonic() > deadline:
                    raise ConfigurationError(self._occupied(holder)) from None
                wait(0.1)
            else:
                return

    def _occupied(self, holder: int) -> str:
        running = self.running()
        if running and running.pid == holder:
            return f"already running (pid {holder}, {running.url}); Ctrl-C in its terminal stops it"
        return f"{self.path} is in use: another stack (pid {holder or 'unknown'}) is starting or stopping there"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _new_secret() -> str:
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode() + "\n"


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
