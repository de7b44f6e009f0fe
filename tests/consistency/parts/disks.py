"""A small disk for PostgreSQL's data, that can be filled up; needs the right to mount, which root mostly has."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEGABYTES = 512
"""Enough for a standby beside its primary."""

SETTINGS = {"max_wal_size": "64MB", "min_wal_size": "32MB"}
"""PostgreSQL's, so that its log alone does not fill the disk."""

_PIECE = 16 << 20


@dataclass(frozen=True, slots=True)
class Disk:
    """Where the data lies."""

    folder: Path
    reason: str = ""
    """Why it is the machine's own disk, which nobody fills."""

    @property
    def is_small(self) -> bool:
        return not self.reason

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("wb") as filler, contextlib.suppress(OSError):
            for piece in (_PIECE, 4096):
                while room := shutil.disk_usage(self.folder).free // piece * piece:
                    os.posix_fallocate(filler.fileno(), os.fstat(filler.fileno()).st_size, min(room, _PIECE))

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A file system of its own at `folder`, in memory."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0711", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        yield Disk(folder, "there is no mount command")
        return
    if done.returncode:
        yield Disk(folder, f"mounting is not allowed here: {done.stderr.strip()}")
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
