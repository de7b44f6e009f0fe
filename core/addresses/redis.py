"""Where Redis is: one server, the Sentinels that know it, or a cluster. What an address says in vain is refused."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from core.addresses.tls import PARAMETERS as TLS_PARAMETERS
from core.addresses.tls import Tls

Kind = Literal["single", "sentinel", "cluster"]

REDIS_PORT = 6379
SENTINEL_PORT = 26_379
HIGHEST_PORT = 65_535

UNREADABLE = "cannot be read as a Redis URL: percent-encode what is special in the user name and the password"

_SENTINEL_PARAMETERS = frozenset({"sentinel_username", "sentinel_password"})
_SCHEMES: Mapping[str, tuple[Kind, bool]] = {
    "redis": ("single", False),
    "valkey": ("single", False),
    "rediss": ("single", True),
    "valkeys": ("single", True),
    "unix": ("single", False),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
"""What each means, and whether in TLS."""


@dataclass(frozen=True, slots=True)
class Node:
    """One server, Sentinel or not."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """What there is to know before connecting; nothing of it is printed that would tell a secret."""

    kind: Kind
    nodes: tuple[Node, ...] = ()
    """The server; the Sentinels; some of the cluster. None with a Unix socket."""
    path: str | None = None
    """Of a Unix socket."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    db: int = 0
    tls: Tls | None = None
    master: str | None = None
    """What the Sentinels call the primary."""
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises `ValueError` with a sentence that repeats nothing of the URL but names of parameters."""
        scheme, separator, _ = url.partition("://")
        if not separator or scheme not in _SCHEMES:
            raise ValueError(f"must be a URL of one of these: {', '.join(f'{known}://' for known in _SCHEMES)}")
        kind, encrypted = _SCHEMES[scheme]
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ValueError(UNREADABLE) from None
        if parts.fragment:
            raise ValueError(UNREADABLE)
        username, password, hosts = _credentials(parts.netloc)
        parameters = _parameters(parts.query, _allowed(kind, encrypted=encrypted))
        if scheme == "unix":
            if hosts or not parts.path.strip("/"):
                raise ValueError("a unix:// URL has three slashes and the path of a socket")
            db = _number(parameters.get("db", ""))
            return cls(kind, path=unquote(parts.path), username=username, password=password, db=db)
        nodes = tuple(_nodes(hosts, SENTINEL_PORT if kind == "sentinel" else REDIS_PORT))
        path = [unquote(segment) for segment in parts.path.removeprefix("/").removesuffix("/").split("/")]
        master = path.pop(0) if kind == "sentinel" else None
        if master == "":
            raise ValueError("names no master: redis+sentinel://host:port,host:port/<master>/<db>")
        if len(path) > 1:
            raise ValueError("has more in its path than the number of a database")
        db = _number(parameters.get("db", path[0] if path else ""))
        if kind == "cluster" and db:
            raise ValueError("names a database: a cluster has none but 0")
        if kind == "single" and len(nodes) > 1:
            raise ValueError("names several hosts: that is redis+sentinel:// or redis+cluster://")
        return cls(
            kind,
            nodes,
            username=username,
            password=password,
            db=db,
            tls=Tls.parse(parameters) if encrypted else None,
            master=master,
            sentinel_username=parameters.get("sentinel_username"),
            sentinel_password=parameters.get("sentinel_password"),
        )


def _allowed(kind: Kind, *, encrypted: bool) -> frozenset[str]:
    """The query parameters."""
    tls = TLS_PARAMETERS if encrypted else frozenset()
    sentinel = _SENTINEL_PARAMETERS if kind == "sentinel" else frozenset()
    return tls | sentinel | {"db"}


def _credentials(authority: str) -> tuple[str | None, str | None, str]:
    """User name, password, and what follows them."""
    user, at, hosts = authority.rpartition("@")
    username, _, password = (unquote(part) for part in user.partition(":"))
    if at and username and not password:
        raise ValueError("names a user without a password; a password alone stands behind a colon")
    return username or None, password or None, hosts


def _parameters(query: str, allowed: frozenset[str]) -> dict[str, str]:
    try:
        pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ValueError(UNREADABLE) from None
    parameters = dict(pairs)
    if unknown := [name for name in parameters if name not in allowed]:
        # What a password's own "?" makes of itself is no name of anything.
        if not all(re.fullmatch(r"[a-z_]{1,30}", name) for name in unknown) or "@" in query:
            raise ValueError(UNREADABLE)
        raise ValueError(f"has a query parameter that means nothing here: {', '.join(unknown)}")
    if len(parameters) < len(pairs):
        raise ValueError("gives a query parameter twice")
    return parameters


def _nodes(hosts: str, usual_port: int) -> Iterator[Node]:
    for host in hosts.split(","):
        matched = re.fullmatch(r"(?:\[([0-9a-fA-F:.%\w]+)\]|([^\[\]:]*))(?::(\d{1,5}))?", host)
        if not matched:
            raise ValueError(UNREADABLE)
        address, name, digits = matched.groups()
        port = int(digits or usual_port)
        if not 0 < port <= HIGHEST_PORT:
            raise ValueError(UNREADABLE)
        yield Node(unquote(address or name) or "localhost", port)


def _number(database: str) -> int:
    if not database:
        return 0
    if not re.fullmatch(r"[0-9]{1,5}", database):
        raise ValueError("names a database that is no number")
    return int(database)
