"""PostgreSQL refuses to run as root: started by root, it runs as an ordinary account that can reach what it needs."""

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from core.errors import ConfigurationError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """The user and the group that a server runs as."""

    uid: int
    gid: int


class Identity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change who the child is."""

    user: int
    group: int
    extra_groups: list[int]


def become(account: Account | None) -> Identity:
    """No change for None."""
    return Identity(user=account.uid, group=account.gid, extra_groups=[]) if account else Identity()


def server_account(data: Path) -> Account | None:
    """Whom to become: nobody special unless we are root; then the owner of the data, or `nobody` for new data."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise ConfigurationError(
            f"PostgreSQL refuses to run as root and there is no user `{UNPRIVILEGED}`; start as an ordinary user"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def give(folder: Path, account: Account | None) -> None:
    """Make `folder` the account's own, closed to everyone else."""
    if account:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def open_way(path: Path, account: Account | None) -> Iterator[Path]:
    """Let the account pass through every folder above `path`, and nothing more; yields the folders that it changed."""
    for folder in path.resolve().parents if account else ():
        state = folder.stat()
        if account and not state.st_mode & _needed(state, account):
            folder.chmod(stat.S_IMODE(state.st_mode) | stat.S_IXOTH)
            yield folder


def open_files(root: Path, account: Account | None) -> None:
    """Make an installed tree readable, as it is not when it was installed under a strict umask."""
    if not account or not root.exists() or root.stat().st_mode & stat.S_IROTH:
        return
    for path in (root, *root.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not path.is_symlink():
            path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))


def _needed(state: os.stat_result, account: Account) -> int:
    if state.st_uid == account.uid:
        return stat.S_IXUSR
    return stat.S_IXGRP if state.st_gid == account.gid else stat.S_IXOTH
