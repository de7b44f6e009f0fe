"""The database URL, as the clouds print it and as people mistype it."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import pytest
from psycopg2.extensions import parse_dsn

from core.errors import ConfigurationError
from core.settings import DatabaseSettings
from tests.stack import environ

SPECIAL = "p@ss:w/rd?#[%]&= 'ü"
HIDDEN = "s3cr3t"


def read(url: str) -> DatabaseSettings:
    with environ({"NEON_DB_URL": url}):
        return DatabaseSettings.load()


def libpq(url: str) -> Mapping[str, str]:
    """What the services would connect with."""
    return parse_dsn(read(url).libpq_url)


def sqlalchemy(url: str) -> Mapping[str, str]:
    """What the migrations would connect with."""
    url_read = read(url).sqlalchemy_url
    _, options = url_read.get_dialect()().create_connect_args(url_read)
    return {name: str(value) for name, value in options.items()}


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg", "postgres+x"]
)
def test_every_usual_scheme_is_taken(scheme: str) -> None:
    """Clouds say postgres, SQLAlchemy's users name a driver: all mean the same server."""
    url = f"{scheme}://alice:{HIDDEN}@db.example:6432/tasks"
    assert read(url).libpq_url == f"postgresql://alice:{HIDDEN}@db.example:6432/tasks"
    assert read(url).sqlalchemy_url.drivername == "postgresql+psycopg2"
    expected = {"host": "db.example", "port": "6432", "user": "alice", "password": HIDDEN, "dbname": "tasks"}
    assert libpq(url) == expected
    assert sqlalchemy(url) == expected


@pytest.mark.parametrize("read_options", [libpq, sqlalchemy])
def test_query_parameters_are_kept(read_options: Callable[[str], Mapping[str, str]]) -> None:
    """What the URL says of TLS, of channel binding and of Neon's endpoint reaches the connection."""
    url = "postgres://a:b@h/d?sslmode=require&channel_binding=require&options=endpoint%3Dep-1&application_name=mine"
    options = read_options(url)
    assert options["sslmode"] == options["channel_binding"] == "require"
    assert options["options"] == "endpoint=ep-1"
    assert options["application_name"] == "mine"


@pytest.mark.parametrize("read_options", [libpq, sqlalchemy])
def test_a_password_may_hold_anything(read_options: Callable[[str], Mapping[str, str]]) -> None:
    """Percent-encoded, every character of a password arrives as it is."""
    options = read_options(f"postgresql://{quote(SPECIAL, safe='')}:{quote(SPECIAL, safe='')}@h/d")
    assert options["user"] == options["password"] == SPECIAL


@pytest.mark.parametrize("read_options", [libpq, sqlalchemy])
def test_a_unix_socket_is_a_query_parameter(read_options: Callable[[str], Mapping[str, str]]) -> None:
    """A URL without a host may name the folder of a socket."""
    options = read_options("postgresql://alice@/tasks?host=%2Fvar%2Frun%2Fpostgresql&port=5433")
    assert options["host"] == "/var/run/postgresql"
    assert options["port"] == "5433"
    assert options["user"] == "alice"
    assert options["dbname"] == "tasks"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        f"mysql://alice:{HIDDEN}@db.example/tasks",
        f"postgresql:/alice:{HIDDEN}@db.example/tasks",
        f"alice:{HIDDEN}@db.example/tasks",
        f"host=db.example password={HIDDEN}",
        f"postgresql://alice:p%zz{HIDDEN}@db.example/tasks",
        f"postgresql://alice:p@{HIDDEN}@db.example/tasks",
        f"postgresql://alice:{HIDDEN}/p@db.example/tasks",
        f"postgresql://alice:{HIDDEN}@db.example:port/tasks",
        f"postgresql://alice:{HIDDEN}@db.example:1,db.example:2/tasks",
        f"postgresql://alice:{HIDDEN}@[::1/tasks",
        f"postgresql://alice:{HIDDEN}@db.example/tasks?schema=public",
        f"postgresql://alice:{HIDDEN}@db.example/tasks?sslmode",
    ],
)
def test_what_cannot_work_stops_the_start(url: str) -> None:
    """The sentence names the setting, says how to mend it, and repeats nothing of the URL."""
    with pytest.raises(ConfigurationError, match=r"^NEON_DB_URL \(or DATABASE_URL\): (must|cannot) be") as refused:
        read(url)
    assert HIDDEN not in str(refused.value)
    assert "example" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_the_password_does_not_show() -> None:
    """Settings can be printed."""
    settings = read(f"postgresql://alice:{HIDDEN}@db.example/tasks")
    assert HIDDEN not in repr(settings)
    assert HIDDEN not in str(settings.sqlalchemy_url)
