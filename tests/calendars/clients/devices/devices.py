"""What people have: a laptop with vdirsyncer and todoman, a program with SyncEvolution, a script with caldav.

Each has a copy of the list, changes it, and makes it and the service's the same when told to `sync`.
"""

import json
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from tests.calendars.clients.between.between import Between
from tests.calendars.clients.devices.programs import PROGRAMS, PYTHON, environment, run

AIDE = Path(__file__).with_name("aide.py")

Values = Mapping[str, Any]
"""Of properties, by their names; a text that begins with `on ` is a date, one with `at ` an instant."""


class Refused(Exception):
    """What a library raised."""


class Aide:
    """The process that has the programs' libraries."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [PYTHON, AIDE], env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def __call__(self, name: str, *arguments: Any, **named: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([name, arguments, named]) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        if "error" in said:
            raise Refused(said["error"], said["said"])
        return said["result"]


class Device(Protocol):
    between: Between

    def sync(self) -> None:
        """Until both have the same, where nothing else changes meanwhile."""

    def told(self) -> list[dict[str, Any]]:
        """What its copy says, task by task, as `aide.meaning` has it."""

    def add(self, values: Values) -> str:
        """Its UID."""

    def change(self, uid: str, values: Values) -> None:
        """None takes a property away."""

    def delete(self, uid: str) -> None: ...


class Files:
    """A folder with a file for each task."""

    between: Between

    def __init__(self, home: Path, folder: Path, aide: Aide) -> None:
        self.home = home
        self.folder = folder
        self.aide = aide

    def sync(self) -> None:
        raise NotImplementedError

    def told(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.aide("meaning", [path.read_bytes().decode() for path in self.paths()])
        return told

    def paths(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.is_file())

    def add(self, values: Values) -> str:
        uid = str(uuid.uuid4())
        text = self.aide("edit", todo_file(uid), dict(values))
        (self.folder / f"{uid}.ics").write_bytes(text.encode())
        return uid

    def write(self, text: str, name: str) -> None:
        (self.folder / f"{name}.ics").write_bytes(text.encode())

    def change(self, uid: str, values: Values) -> None:
        path = self.path(uid)
        path.write_bytes(self.aide("edit", path.read_bytes().decode(), dict(values)).encode())

    def delete(self, uid: str) -> None:
        self.path(uid).unlink()

    def path(self, uid: str) -> Path:
        [found] = [path for path in self.paths() if f"UID:{uid}" in path.read_text().splitlines()]
        return found


class Laptop(Files):
    """vdirsyncer for the way, todoman for the tasks, and an editor for what it does not know."""

    def __init__(self, home: Path, between: Between, password: str, aide: Aide, *, conflict: str = "null") -> None:
        super().__init__(home, home / "tasks/tasks", aide)
        self.between = between
        self.folder.mkdir(parents=True)
        vdirsyncer = _VDIRSYNCER.format(home=home, url=between.url, password=password, conflict=conflict)
        (home / "vdirsyncer").write_text(vdirsyncer)
        (home / "todoman.py").write_text(_TODOMAN.format(home=home))
        said = self.vdirsyncer("discover")
        assert '"tasks" ("Tasks")' in said, said

    def sync(self) -> None:
        self.vdirsyncer("sync")

    def vdirsyncer(self, *words: str, fails: bool = False) -> str:
        return run(PROGRAMS / "vdirsyncer", "-c", self.home / "vdirsyncer", *words, home=self.home, fails=fails)

    def todo(self, *words: str, zone: str = "America/New_York") -> str:
        todo = PROGRAMS / "todo"
        return run(todo, "-c", self.home / "todoman.py", *words, home=self.home, answer="y\n", variables={"TZ": zone})

    def listed(self, *words: str) -> list[dict[str, Any]]:
        """What todoman lists; the numbers are those that it takes."""
        listed: list[dict[str, Any]] = json.loads(self.todo("--porcelain", "list", *words))
        return listed

    def number(self, title: str) -> str:
        [number] = [each["id"] for each in self.listed("--status", "ANY") if each["summary"] == title]
        return str(number)


class Phone(Files):
    """SyncEvolution between the collection and a folder: neon for HTTP, libical, and an engine of SyncML's."""

    def __init__(self, home: Path, between: Between, password: str, aide: Aide) -> None:
        super().__init__(home, home / "items", aide)
        self.between = between
        self.folder.mkdir()
        self._configure("--template", "webdav", f"syncURL={between.url}/", "username=alice", f"password={password}",
                        "retryDuration=0", "target-config@tasklane", "todo")  # fmt: skip
        self._configure("--template", "SyncEvolution_Client", "syncURL=local://@tasklane", "username=", "password=",
                        "laptop@here")  # fmt: skip
        self._configure("sync=two-way", "backend=file", "databaseFormat=text/calendar",
                        f"database=file://{self.folder}", "laptop@here", "todo")  # fmt: skip
        self._has_synced = False

    def sync(self) -> None:
        self.syncevolution()

    def syncevolution(self, *, fails: bool = False) -> str:
        mode = () if self._has_synced else ("--sync", "slow")
        options = ("loglevel=3", "printChanges=0", "dumpData=0", "maxlogdirs=3")
        said = run("syncevolution", "--run", *options, *mode, "laptop@here", "todo", home=self.home, fails=fails)
        self._has_synced = True
        return said

    def _configure(self, *words: str) -> None:
        run("syncevolution", "--configure", "--keyring=no", *words, home=self.home)


class Script:
    """A program with the library `caldav`, which follows by sync tokens."""

    def __init__(self, between: Between, password: str, aide: Aide) -> None:
        self.between = between
        self.aide = aide
        assert aide("connect", f"{between.url}/dav/", "alice", password) == ["Tasks"]

    def sync(self) -> None:
        self.aide("sync")

    def told(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.aide("copied")
        return told

    def add(self, values: Values) -> str:
        uid: str = self.aide("add", dict(values))
        return uid

    def change(self, uid: str, values: Values) -> None:
        self.aide("change", uid, dict(values))

    def delete(self, uid: str) -> None:
        self.aide("delete", uid)


def todo_file(uid: str) -> str:
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//An editor//EN", "BEGIN:VTODO", f"UID:{uid}")
    return "".join(f"{line}\r\n" for line in (*lines, "DTSTAMP:20261128T100000Z", "END:VTODO", "END:VCALENDAR"))


_VDIRSYNCER = """
[general]
status_path = "{home}/status"

[pair tasks]
a = "laptop"
b = "tasklane"
collections = ["from b"]
conflict_resolution = {conflict}

[storage laptop]
type = "filesystem"
path = "{home}/tasks"
fileext = ".ics"

[storage tasklane]
type = "caldav"
url = "{url}/"
username = "alice"
password = "{password}"
item_types = ["VTODO"]
"""

_TODOMAN = """
path = "{home}/tasks/*"
cache_path = "{home}/cache.sqlite3"
default_list = "tasks"
date_format = "%Y-%m-%d"
time_format = "%H:%M"
"""
