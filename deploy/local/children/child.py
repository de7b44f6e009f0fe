"""One supervised process: a session of its own, its output in a file, a bounded stop, and no descendant left behind."""

import contextlib
import os
import select
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from core.errors import TasklaneError
from deploy.local.children.guardian import ENDED, Guardian, process_state, shared_guardian
from deploy.local.children.privileges import Account, become

START_TIMEOUT = 180.0
"""Seconds until a server must serve: a PostgreSQL that recovers from a crash may need some of them, and everything does
on a machine that is busy. One that ends is noticed at once.
"""

POLL = 0.02

FROZEN = ("T", "t", "?", *ENDED)
FREEZE_TIMEOUT = 1.0
"""Seconds for SIGSTOP to take effect, which it does at once unless the process is deep in the kernel."""

TAIL_LINES = 20


class ChildFailed(TasklaneError):
    """A process did not start, or ended when it should not; the message ends with what its log says."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What to execute, where, and as whom."""

    command: Sequence[str | Path]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    account: Account | None = None


class Child(ABC):
    """A process that can be started, stopped, killed and started again.

    It has its own session, so a terminal's Ctrl-C reaches the supervisor alone, which stops its children in order.
    """

    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    """Tried one after another, `patience` seconds each, before SIGKILL."""
    patience: float = 12.0

    def __init__(self, name: str, *, log: Path, guardian: Guardian | None = None) -> None:
        self.name = name
        self.log = log
        self._guardian = guardian
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self._log_start = 0

    @abstractmethod
    def prepare(self) -> Launch:
        """Make whatever the process needs to start."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it serves now."""

    @property
    def pid(self) -> int:
        """The process started last; raises `ChildFailed` when there is none."""
        if self._process is None:
            raise ChildFailed(f"{self.name} has not been started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._process.poll() if self._process else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Launch, and return when it serves; raises `ChildFailed` when it ends or takes longer than three minutes."""
        self.launch()
        try:
            self._await_ready()
        except BaseException:
            self.kill()
            raise

    def launch(self) -> None:
        """Start the process without waiting until it serves."""
        if self._process is not None:
            if self.running:
                raise ChildFailed(f"{self.name} runs already")
            self._bury()
        launch = self.prepare()
        self._lifeline, theirs = os.pipe()
        try:
            self._process = self._spawn(launch, theirs)
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(theirs)
        self._guard().watch(self._process.pid, self.stop_signals[0])

    def check(self) -> None:
        """Raise `ChildFailed` if it is not running."""
        code = self.exit_code
        if code is not None:
            raise ChildFailed(f"{self.name} ended ({_how(code)}).{self.log_tail()}")

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ask it to end, more and more firmly; `hurry` skips the waiting. Harmless when it has ended."""
        if self._process is None:
            return
        for stop_signal in self.stop_signals:
            if self.running and not hurry():
                self._process.send_signal(stop_signal)
                _thaw(self.pid)  # a frozen process hears nothing
                self._wait(hurry)
        self.kill()

    def kill(self) -> None:
        """SIGKILL for it and its descendants, as when the power fails; returns when the last one is gone."""
        if self._process is None:
            return
        if self.running:
            for pid in reversed(_freeze(self.pid)):
                _send(pid, signal.SIGKILL)
        self._bury()

    def freeze(self) -> None:
        """Stop it and its descendants in mid-air (SIGSTOP): alive, connected, and silent."""
        self.check()
        _freeze(self.pid)

    def thaw(self) -> None:
        """Let what was frozen go on. Harmless when it has ended."""
        if self.running:
            _thaw(self.pid)

    def log_tail(self) -> str:
        """The last lines that it logged since it was launched, ready to follow a sentence."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
            if lines:
                return "\n".join([f" The end of {self.log}:", *(f"    {line}" for line in lines)])
        return f" It logged nothing in {self.log}."

    def _spawn(self, launch: Launch, lifeline: int) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            return subprocess.Popen(
                launch.command,
                cwd=launch.cwd,
                env=launch.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lifeline,),
                **become(launch.account),
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self.ready():
            self.check()
            if time.monotonic() > deadline:
                raise ChildFailed(f"{self.name} is not ready after {START_TIMEOUT:.0f} s.{self.log_tail()}")
            time.sleep(POLL)

    def _guard(self) -> Guardian:
        if self._guardian is None:
            self._guardian = shared_guardian()
        return self._guardian

    def _wait(self, hurry: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.patience
        while self.running and time.monotonic() < deadline and not hurry():
            time.sleep(POLL)

    def _bury(self) -> None:
        """Wait for the process and for every descendant: each inherited the lifeline, so its end is theirs."""
        assert self._process
        self._process.wait()
        self._guard().forget(self._process.pid)
        self._process = None
        readable, _, _ = select.select([self._lifeline], [], [], self.patience)
        os.close(self._lifeline)
        if not readable:
            raise ChildFailed(f"{self.name} has ended but some of its own processes have not")


def _freeze(pid: int) -> list[int]:
    """From the top: a frozen process starts no further child, so none is missed. Returns all pids, parents first."""
    _send(pid, signal.SIGSTOP)
    deadline = time.monotonic() + FREEZE_TIMEOUT
    while process_state(pid) not in FROZEN and time.monotonic() < deadline:
        time.sleep(0)
    return [pid, *(descendant for child in _children(pid) for descendant in _freeze(child))]


def _thaw(pid: int) -> None:
    for child in _children(pid):
        _thaw(child)
    _send(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):  # not Linux, or the process is gone, the latter while it is read
        rows = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        return [int(child) for child, parent in map(str.split, rows.splitlines()) if int(parent) == pid]
    return [int(child) for child in listed.split()]


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
