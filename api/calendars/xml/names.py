"""The namespaces, and names in them: `{namespace}name`, as both reader and writer have them."""

DAV = "DAV:"
CALDAV = "urn:ietf:params:xml:ns:caldav"
CALENDAR_SERVER = "http://calendarserver.org/ns/"
APPLE = "http://apple.com/ns/ical/"

PREFIXES = {DAV: "D", CALDAV: "C", CALENDAR_SERVER: "S", APPLE: "A"}
"""Those that an answer declares at its top."""


def dav(name: str) -> str:
    return f"{{{DAV}}}{name}"


def caldav(name: str) -> str:
    return f"{{{CALDAV}}}{name}"


def parted(name: str) -> tuple[str, str]:
    """The namespace, which may be none, and the name in it."""
    namespace, _, local = name.rpartition("}")
    return namespace.removeprefix("{"), local
