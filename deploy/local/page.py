"""The page and the sign-in server, built from `frontend/`: once, and again when that has changed. Needs Node."""

import contextlib
import fcntl
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

OLDEST_NODE = (20, 19)
"""What Vite needs."""

SOURCES = ("app", "auth", "lib", "package.json", "package-lock.json", "tsconfig.json")
MADE = ("dist", "node_modules")
INSTALL = ("npm", "--prefix", "frontend", "ci", "--no-audit", "--no-fund", "--no-update-notifier")
VITE = ("node", "frontend/node_modules/vite/bin/vite.js", "build")
"""Not `npm run`: npm passes no signal on, and what it started would outlive it."""
BUILDS = {"sign-in": (*VITE, "frontend/auth"), "page": (*VITE, "frontend/app")}

Run = Callable[[str, Sequence[str]], bool]
"""Says the text and runs the command at the top of the project; whether it went well."""


@dataclass(frozen=True, slots=True)
class Frontend:
    """The folder with the sources and with what is built of them."""

    folder: Path

    @property
    def page(self) -> Path:
        return self.folder / "app" / "dist"

    @property
    def auth_server(self) -> Path:
        return self.folder / "auth" / "dist" / "server.js"

    def obstacle(self) -> str | None:
        """Why this machine can neither build nor run it; None when it can."""
        if not (self.folder / "package.json").exists():
            return "there is no frontend/ here"
        version = node_version()
        if version is None:
            return "Node is not here"
        if version < OLDEST_NODE:
            return f"Node {version[0]}.{version[1]} is too old; {OLDEST_NODE[0]}.{OLDEST_NODE[1]} is needed"
        return None

    def build(self, run: Run, *, install: bool = False) -> str | None:
        """Do what is missing, if anything; returns what went wrong. `install` wants the packages in any case.

        Several at once wait for each other.
        """
        if self.is_built() and not install:
            return None
        with self._locked():
            if not self.is_installed() and not run("installing the page's packages", INSTALL):
                return "npm ci failed"
            if self.is_built():
                return None
            self._stamp.unlink(missing_ok=True)
            sources = self._sources()  # as they are before: what changes meanwhile is built the next time
            if not all(run(f"building the {what}", build) for what, build in BUILDS.items()):
                return "its build failed"
            self._stamp.write_text(sources)
        return None

    def is_built(self) -> bool:
        """Whether what is built is of these very sources."""
        with contextlib.suppress(FileNotFoundError):
            built = self._stamp.read_text()
            return self.page.is_dir() and self.auth_server.exists() and built == self._sources()
        return False

    def is_installed(self) -> bool:
        """Whether `node_modules` holds what the lock file names, by npm's own record of what it put there."""
        try:
            wanted = _packages(self.folder / "package-lock.json")
            present = _packages(self.folder / "node_modules" / ".package-lock.json")
        except FileNotFoundError:
            return False
        return all(
            entry.get("optional") if name not in present else present[name].get("integrity") == entry.get("integrity")
            for name, entry in wanted.items()
            if name
        )

    @property
    def _stamp(self) -> Path:
        return self.folder / ".built"

    def _sources(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(file for source in SOURCES for file in _files(self.folder / source)):
            digest.update(f"{path.relative_to(self.folder)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".building").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def node_version() -> tuple[int, int] | None:
    """Major and minor; None without Node or npm."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    result = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False, timeout=30)
    match = re.match(r"v(\d+)\.(\d+)", result.stdout)
    return (int(match[1]), int(match[2])) if match else None


def _packages(lock: Path) -> dict[str, dict[str, object]]:
    packages: dict[str, dict[str, object]] = json.loads(lock.read_text())["packages"]
    return packages


def _files(source: Path) -> Iterator[Path]:
    """Of a file itself; of a folder all that was not made."""
    if source.is_file():
        yield source
    elif source.is_dir() and source.name not in MADE:
        for entry in source.iterdir():
            yield from _files(entry)
