"""The database's functions for tasks as they look: today's are in files, and a database has what the files say."""

import re
import secrets
from collections.abc import Iterator

import pytest

from core.tasks.fields import REPRESENTATION, function
from migrations.functions import FOLDER, NAMES, drop, install
from migrations.functions.__main__ import rendered
from tests.integration.wires import Cursor, rows
from tests.stack import Stack, migrate
from tests.steps import outside

KEPT = sorted(int(path.name) for path in FOLDER.iterdir() if path.name.isdigit())

FIRST = ("recent", "insert")
"""What the first release called."""

DEFINITIONS = """
SELECT proname || ' ' || pg_get_functiondef(oid) || ' ' || proacl::text FROM pg_proc WHERE proname = ANY(%s)
"""


@pytest.fixture
def url(stack: Stack) -> Iterator[str]:
    """An empty database."""
    name = f"functions_{secrets.token_hex(4)}"
    yield stack.postgres.create_database(name)
    stack.postgres.drop_database(name)


def test_the_newest_files_are_todays() -> None:
    """Whoever changes a field, or what is made of it, writes the functions anew."""
    assert list(range(1, REPRESENTATION + 1)) == KEPT, "run `make functions`"
    newest = {name: (FOLDER / str(REPRESENTATION) / f"{name}.sql").read_text() for name in NAMES}
    assert newest == rendered(), "raise REPRESENTATION and run `make functions`"


def test_the_first_files_are_what_the_first_migration_makes(url: str) -> None:
    """It was released before there were files: it and they say the same, but for white space."""
    migrate(url, "0001")
    with outside(url) as outsider:
        assert len(definitions(outsider, 1, *FIRST)) == len(FIRST)
        assert_as_in_the_files(outsider, 1, *FIRST)


def test_the_migrations_make_what_is_in_the_files(url: str) -> None:
    """With all that belongs to a function, its settings and grants; and the present ones are there."""
    migrate(url)
    with outside(url) as outsider:
        there = [representation for representation in KEPT if definitions(outsider, representation, *NAMES)]
        assert REPRESENTATION in there
        assert definitions(outsider, 1, *FIRST), "processes of the first release call them while an upgrade lasts"
        for representation in there:
            assert_as_in_the_files(outsider, representation, *names(representation))


def names(representation: int) -> list[str]:
    """Of all the functions that tasks of that representation have had."""
    return sorted(path.stem for path in (FOLDER / str(representation)).iterdir())


def assert_as_in_the_files(database: Cursor, representation: int, *kept: str) -> None:
    found = definitions(database, representation, *kept)
    drop(database, representation, *kept)
    assert definitions(database, representation, *kept) == []
    install(database, representation, *kept)
    assert definitions(database, representation, *kept) == found


def definitions(database: Cursor, representation: int, *kept: str) -> list[str]:
    names = [function(name, representation=representation) for name in kept]
    return sorted(_plain(definition) for definition in rows(database, DEFINITIONS, names))


def _plain(sql: str) -> str:
    """However it is laid out."""
    return re.sub(r" ?([(),]) ?", r"\1", " ".join(sql.split()))
