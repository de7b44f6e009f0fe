"""The database's functions whose SQL depends on what a task looks like, by representation.

`newest.sql` and `insert.sql` are today's, with places for what `core/tasks/fields.py` says. `make functions` fills them
in and keeps the result in a folder named by the representation. Migrations install that, so nothing changes it later.
A function that does its work in another way has another name: what it shows stays, and so does its folder, where the
one before (`recent.sql`, of the first release) stands beside it.
"""

from pathlib import Path
from typing import LiteralString, Protocol

from core.tasks.fields import function

FOLDER = Path(__file__).parent
NAMES: tuple[LiteralString, ...] = ("newest", "insert")


class Operations(Protocol):
    """Alembic's `op`, as far as it is needed here."""

    def execute(self, sql: str, /) -> None: ...


def sql(representation: int, *names: str) -> str:
    """What makes the functions of that representation, all of today's names unless some are given."""
    return "\n".join((FOLDER / str(representation) / f"{name}.sql").read_text() for name in names or NAMES)


def install(op: Operations, representation: int, *names: str) -> None:
    """Make the functions of that representation, beside those of others."""
    op.execute(sql(representation, *names))


def drop(op: Operations, representation: int, *names: str) -> None:
    """Drop them: when going back, or when no process calls them any more."""
    for name in names or NAMES:
        op.execute(f"DROP FUNCTION {function(name, representation=representation)}")
