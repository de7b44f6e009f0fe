"""Where PostgreSQL is: one form of the address, several hosts included, for the services and the migrations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

UNREADABLE = (
    "cannot be read as a PostgreSQL URL: percent-encode what is special in the user name and the password, "
    "and name no query parameter that libpq does not know"
)

READ_WRITE = "read-write"
"""libpq's word for a server whose sessions may write unless they say otherwise."""

HIGHEST_PORT = 65_535

_TARGETS = (READ_WRITE, "primary", "any")
"""A standby is refused under each: libpq's other words ask for nothing but one."""

_PER_HOST = ("host", "hostaddr", "port")


@dataclass(frozen=True, slots=True)
class Host:
    """One server, as libpq names it; what is empty has libpq's default."""

    name: str = ""
    """A name, an IP address, or the folder of a Unix socket."""
    address: str = ""
    """Where `name` is, so that nobody need look it up."""
    port: str = ""

    @property
    def parameters(self) -> Mapping[str, str]:
        named = {"host": self.name, "hostaddr": self.address, "port": self.port}
        return {parameter: value for parameter, value in named.items() if value}

    def __str__(self) -> str:
        named = [part for part in (self.name, self.address, self.port) if part]
        return " ".join(named) or "the default host"


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """The servers among which one is the primary, and what to say to each."""

    hosts: tuple[Host, ...]
    parameters: Mapping[str, str] = field(repr=False)
    """libpq's, but for the hosts; a password may be among them."""
    writable: bool
    """Whether a primary that is read-only for now is refused, too."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises `ValueError` with a sentence that says nothing of it: libpq's own words quote passwords."""
        scheme, separator, rest = url.partition("://")
        if not separator or scheme.partition("+")[0] not in ("postgres", "postgresql"):
            raise ValueError("must be a postgres:// or postgresql:// URL")
        try:
            parameters = parse_dsn(f"postgresql://{rest}")
        except ProgrammingError:
            raise ValueError(UNREADABLE) from None
        hosts = tuple(_hosts(*(parameters.pop(parameter, "").split(",") for parameter in _PER_HOST)))
        target = parameters.pop("target_session_attrs", READ_WRITE if len(hosts) > 1 else "any")
        if target not in _TARGETS:
            raise ValueError(f"cannot serve with this target_session_attrs: must be one of {', '.join(_TARGETS)}")
        return cls(hosts, parameters, writable=target == READ_WRITE)


def _hosts(names: list[str], addresses: list[str], ports: list[str]) -> Iterator[Host]:
    """As libpq counts them: one port is for all of them."""
    number = max(len(names), len(addresses))
    names, addresses = (listed if any(listed) else [""] * number for listed in (names, addresses))
    ports = ports * number if len(ports) == 1 else ports
    if not len(names) == len(addresses) == len(ports):
        raise ValueError("cannot be read as a PostgreSQL URL: it names more hosts than ports, or more ports than hosts")
    for name, address, port in zip(names, addresses, ports, strict=True):
        # What a password's own "@" or "/" makes of the parts that follow it.
        if "@" in name or not (port or "5432").isdecimal() or not 0 < int(port or 5432) <= HIGHEST_PORT:
            raise ValueError(UNREADABLE)
        yield Host(name, address, port)
