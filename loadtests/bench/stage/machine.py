"""What the figures come from: the cores that the processes are pinned to, the CPU they use, the versions of all."""

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

PACKAGES = (
    *("fastapi", "starlette", "pydantic", "uvicorn", "uvloop", "httptools", "hiredis", "redis", "sqlalchemy"),
    *("sqlmodel", "psycopg2-binary", "pyjwt"),
)


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the process that is measured, one for everything else: the load generator and the data servers."""

    service: int | None
    rest: int | None

    @classmethod
    def choose(cls) -> "Cores":
        """The last two that this process may use; none where the system cannot pin, or has only one."""
        if not hasattr(os, "sched_setaffinity"):
            return cls(None, None)
        usable = sorted(os.sched_getaffinity(0))
        return cls(usable[-2], usable[-1]) if len(usable) > 1 else cls(None, None)


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Whatever is started meanwhile stays on this core, and so do its own children."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """What a process and its living children have used, of user and system time together."""
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = member.cpu_times()
                total += times.user + times.system
    return total


def resident_bytes(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a reader needs to judge the figures."""

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    versions: dict[str, str]

    @classmethod
    def look(cls, **servers: str) -> "Machine":
        return cls(
            processor=_processor(),
            cores=os.cpu_count() or 1,
            memory_gb=round(psutil.virtual_memory().total / 2**30),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            versions={**{name: found for name in PACKAGES if (found := _version(name))}, **servers},
        )

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def first_line(*command: str | Path) -> str:
    """The first line that a program says of itself; empty where there is no such program."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return ""
    return next(iter((result.stdout or result.stderr).splitlines()), "").strip()


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        return first_line("sysctl", "-n", "machdep.cpu.brand_string")
    return platform.processor() or "unknown"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
