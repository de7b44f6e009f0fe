"""An earlier release, run from the repository's own history, so that upgrades are tested from what was released."""

import fcntl
import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from deploy.local.children.child import Launch
from deploy.local.programs import PLAIN_HTTP, SERVE, WORK
from tests.stack import TOP, ApiProcess, WorkerProcess, environment

RELEASES: Mapping[str, str] = {"0.1.0": "ffe183ea7b8b8f99be8c6ce02777657c2c0c6aa3"}
"""The commit of each."""

REQUIREMENTS = "requirements/app.txt"
UNDER = TOP / ".venv" / "releases"
"""Where a release whose requirements are others than today's has its packages, until `.venv` is made anew."""
TOO_LONG = 300


@dataclass(frozen=True, slots=True)
class Release:
    """The files of a release in `folder`, and a Python with the packages that it was released with."""

    version: str
    folder: Path
    python: Path

    @classmethod
    def checked_out(cls, version: str, folder: Path) -> "Release":
        """Put it into `folder`, which must be there."""
        with tarfile.open(fileobj=BytesIO(_archive(version))) as archive:
            archive.extractall(folder, filter="data")
        wanted = (folder / REQUIREMENTS).read_bytes()
        same = wanted == (TOP / REQUIREMENTS).read_bytes()
        return cls(version, folder, Path(sys.executable) if same else _installed(wanted))

    def migrate(self, database_url: str) -> None:
        """Run the migrations that it has."""
        command = (self.python, "-m", "alembic", "upgrade", "head")
        _run(*command, cwd=self.folder, env=self._own(environment(database_url, "")))

    def api(self, place: Path, variables: Mapping[str, str]) -> "ReleasedApi":
        """An API process of it, not started yet; `place` gets its log."""
        return ReleasedApi(self, place, variables)

    def worker(self, place: Path, variables: Mapping[str, str]) -> "ReleasedWorker":
        """A worker process of it, likewise."""
        return ReleasedWorker(self, place, variables)

    def launch(self, command: tuple[str, ...], *arguments: str, cwd: Path, variables: Mapping[str, str]) -> Launch:
        """A command of today's, as this release."""
        return Launch((self.python, *command[1:], *arguments), cwd=cwd, environment=self._own(variables))

    def serve(self, port: int, *, cwd: Path, variables: Mapping[str, str]) -> Launch:
        """The API of this release. It has no HTTP protocol of its own: the last `--http` counts."""
        return self.launch(SERVE, *PLAIN_HTTP, "--port", str(port), cwd=cwd, variables=variables)

    def _own(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {**variables, "PYTHONPATH": str(self.folder)}


class ReleasedApi(ApiProcess):
    """One uvicorn process of an earlier release."""

    def __init__(self, release: Release, folder: Path, variables: Mapping[str, str]) -> None:
        super().__init__(folder, variables)
        self._release = release

    def prepare(self) -> Launch:
        return self._release.serve(self.port, cwd=self.log.parent, variables=self.variables)


class ReleasedWorker(WorkerProcess):
    """One worker process of an earlier release."""

    def __init__(self, release: Release, folder: Path, variables: Mapping[str, str]) -> None:
        super().__init__(folder, variables)
        self._release = release

    def prepare(self) -> Launch:
        return self._release.launch(WORK, cwd=self.log.parent, variables=self.variables)


def _archive(version: str) -> bytes:
    commit = RELEASES[version]
    result = subprocess.run(
        ["git", "-C", str(TOP), "archive", "--format=tar", commit], capture_output=True, check=False, timeout=TOO_LONG
    )
    if result.returncode != 0:
        raise RuntimeError(
            f"release {version} cannot be had: there is no commit {commit} here. A shallow clone gets it by "
            f"`git fetch --unshallow`; what is no clone does not have it. ({result.stderr.decode().strip()})"
        )
    return result.stdout


def _installed(requirements: bytes) -> Path:
    """The Python of an environment with these packages; made once, by whoever comes first."""
    place = UNDER / hashlib.sha256(requirements).hexdigest()[:16]
    python, wanted, done = place / "bin" / "python", place / "requirements.txt", place / "installed"
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            wanted.write_bytes(requirements)
            _run(sys.executable, "-m", "venv", "--without-pip", place)
            _run(
                sys.executable,
                "-m",
                "pip",
                "--python",
                python,
                "install",
                "--retries=10",
                "--require-hashes",
                "-r",
                wanted,
            )
            done.touch()
    return python


def _run(*command: str | Path, cwd: Path = TOP, env: Mapping[str, str] | None = None) -> None:
    result = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=TOO_LONG
    )
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{result.stdout.decode(errors='replace')}")
