"""The database URL, as the clouds print it and as people mistype it."""

from urllib.parse import quote

import pytest

from core.addresses.postgres import Host, PostgresAddress
from core.errors import ConfigurationError
from core.settings import DatabaseSettings
from tests.stack import environ

SPECIAL = "p@ss:w/rd?#[%]&= 'ü"
HIDDEN = "s3cr3t"


def read(url: str) -> PostgresAddress:
    """What services and migrations connect with."""
    with environ({"NEON_DB_URL": url}):
        return DatabaseSettings.load().database


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg", "postgres+x"]
)
def test_every_usual_scheme_is_taken(scheme: str) -> None:
    """Clouds say postgres, SQLAlchemy's users name a driver: all mean the same server."""
    address = read(f"{scheme}://alice:{HIDDEN}@db.example:6432/tasks")
    assert address.hosts == (Host("db.example", port="6432"),)
    assert address.parameters == {"user": "alice", "password": HIDDEN, "dbname": "tasks"}


def test_query_parameters_are_kept() -> None:
    """What the URL says of TLS, of channel binding and of Neon's endpoint reaches the connection."""
    url = "postgres://a:b@h/d?sslmode=require&channel_binding=require&options=endpoint%3Dep-1&application_name=mine"
    options = read(url).parameters
    assert options["sslmode"] == options["channel_binding"] == "require"
    assert options["options"] == "endpoint=ep-1"
    assert options["application_name"] == "mine"


def test_a_password_may_hold_anything() -> None:
    """Percent-encoded, every character of a password arrives as it is."""
    options = read(f"postgresql://{quote(SPECIAL, safe='')}:{quote(SPECIAL, safe='')}@h,i/d").parameters
    assert options["user"] == options["password"] == SPECIAL


def test_a_unix_socket_is_a_query_parameter() -> None:
    """A URL without a host may name the folder of a socket."""
    address = read("postgresql://alice@/tasks?host=%2Fvar%2Frun%2Fpostgresql&port=5433")
    assert address.hosts == (Host("/var/run/postgresql", port="5433"),)
    assert address.parameters == {"user": "alice", "dbname": "tasks"}


THREE = (Host("h1", port="5432"), Host("::1", port="5433"), Host("h3"))


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("u@h1:5432,[::1]:5433,h3/d", THREE),
        ("u@/d?host=h1,::1,h3&port=5432,5433,", THREE),
        ("u@/d?host=h1%2C%3A%3A1%2Ch3&port=5432%2C5433%2C", THREE),
        ("u@/d?host=h1,h2&port=6432", (Host("h1", port="6432"), Host("h2", port="6432"))),
        ("u@h1,h2/d", (Host("h1"), Host("h2"))),
        ("u@h1,h2/d?hostaddr=127.0.0.1,::1", (Host("h1", "127.0.0.1"), Host("h2", "::1"))),
        ("u@/d?hostaddr=127.0.0.1,::1&port=1,2", (Host("", "127.0.0.1", "1"), Host("", "::1", "2"))),
        ("u@%2Frun%2Fa,h2/d", (Host("/run/a"), Host("h2"))),
        ("u@[fe80::1%25eth0]/d", (Host("fe80::1%eth0"),)),
        ("", (Host(),)),
    ],
)
def test_several_hosts_are_read_as_libpq_reads_them(hosts: str, expected: tuple[Host, ...]) -> None:
    """In the authority or as parameters; one port is for all."""
    assert read(f"postgresql://{hosts}").hosts == expected


@pytest.mark.parametrize(
    ("hosts", "target", "writable"),
    [
        ("h1", None, False),
        ("h1,h2", None, True),
        ("h1", "read-write", True),
        ("h1,h2", "read-write", True),
        ("h1,h2", "primary", False),
        ("h1,h2", "any", False),
    ],
)
def test_among_several_hosts_one_that_takes_writes_is_meant(hosts: str, target: str | None, writable: bool) -> None:  # noqa: FBT001
    """Unless the address says otherwise; a host that stands alone may be read-only for a while."""
    address = read(f"postgresql://{hosts}/d" + (f"?target_session_attrs={target}" if target else ""))
    assert address.writable is writable
    assert "target_session_attrs" not in address.parameters


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
        f"postgresql://alice:{HIDDEN}@db.example:1,db.example:port/tasks",
        f"postgresql://alice:p@{HIDDEN}@db.example,db.example/tasks",
        f"postgresql://alice:{HIDDEN}@db.example:65536/tasks",
        f"postgresql://alice:{HIDDEN}@/tasks?host=db.example,db.example&port=1,2,3",
        f"postgresql://alice:{HIDDEN}@db.example,db.example/tasks?hostaddr=127.0.0.1",
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


@pytest.mark.parametrize("target", ["standby", "prefer-standby", "read-only", "nonsense"])
def test_a_target_that_could_not_serve_stops_the_start(target: str) -> None:
    """Whoever writes needs a primary; the sentence says what may stand there."""
    with pytest.raises(ConfigurationError, match="must be one of read-write, primary, any"):
        read(f"postgresql://a,b/d?target_session_attrs={target}")


def test_the_password_does_not_show() -> None:
    """Settings can be printed."""
    url = f"postgresql://alice:{HIDDEN}@db.example/tasks"
    with environ({"NEON_DB_URL": url}):
        settings = DatabaseSettings.load()
    assert HIDDEN not in repr(settings)
    assert HIDDEN not in repr(settings.database)
