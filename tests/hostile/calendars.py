"""XML and calendar objects that are made to hurt: small to send, large to read, or from where nobody should look."""

from collections.abc import Callable
from dataclasses import dataclass

XML_LIMIT = 1024 * 1024
OBJECT_LIMIT = 128 * 1024
HEAD = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'


@dataclass(frozen=True, slots=True)
class Kind:
    """What is sent, by which method, and the answers one of which it must get."""

    name: str
    method: str
    make: Callable[[], bytes]
    statuses: tuple[int, ...]

    def __str__(self) -> str:
        return self.name


def _declared(subset: str, text: str = "&a;") -> Callable[[], bytes]:
    document = f"<!DOCTYPE D:propfind {subset}><D:propfind {HEAD}><D:prop>{text}</D:prop></D:propfind>"
    return document.encode


def within(inside: str) -> bytes:
    return f"<D:propfind {HEAD}><D:prop>{inside}</D:prop></D:propfind>".encode()


def todo(*lines: str) -> bytes:
    inside = ("UID:u", "DTSTAMP:20261128T100000Z", "SUMMARY:x", *lines)
    return "\r\n".join(
        ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VTODO", *inside, "END:VTODO", "END:VCALENDAR", "")
    ).encode()


_ATTRIBUTE = 'a{}=""'
_NAMESPACE = 'xmlns:a{}="b"'


def _many(count: int, form: str) -> str:
    return " ".join(map(form.format, range(count)))


def xml(fetched: str) -> tuple[Kind, ...]:
    """With an address from which nothing must be fetched. What may be long is as long as it may be."""
    kinds = {
        "entities in entities": _declared('[<!ENTITY a "&b;&b;"><!ENTITY b "&c;&c;"><!ENTITY c "c">]'),
        "a file as an entity": _declared('[<!ENTITY a SYSTEM "file:///etc/hostname">]'),
        "an address as an entity": _declared(f'[<!ENTITY a SYSTEM "{fetched}">]'),
        "an address as the type": _declared(f'SYSTEM "{fetched}"', ""),
        "a parameter's entity": _declared(f'[<!ENTITY % a SYSTEM "{fetched}"> %a;]', ""),
        "a type in UTF-16": lambda: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"),
        "an entity that nobody declares": lambda: within("&nothing;"),
        "depth": lambda: b"<a>" * (XML_LIMIT // 3),
        "depth that ends": lambda: b"<a>" * 100_000 + b"</a>" * 100_000,
        "elements": lambda: within("<D:getetag/>" * 80_000),
        "names": lambda: within(_many(80_000, "<x{}/>")),
        "attributes": lambda: within(f"<x {_many(80_000, _ATTRIBUTE)}/>"),
        "namespaces": lambda: within(f"<x {_many(50_000, _NAMESPACE)}/>"),
        "names in a long namespace": lambda: within(
            f"<D:x xmlns:n='{'n' * 60_000}'>{''.join(f'<n:a{number}/>' for number in range(11_000))}</D:x>"
        ),
        "a name": lambda: within(f"<{'x' * (XML_LIMIT - 200)}/"),
        "a value that never ends": lambda: b'<a b="' + b"x" * (XML_LIMIT - 10),
        "a comment that never ends": lambda: b"<!--" + b"x" * (XML_LIMIT - 4),
        "references": lambda: within("&#65;" * 200_000) + b"<",
        "an encoding that expands": lambda: b'<?xml version="1.0" encoding="utf-7"?><a/>',
        "no characters": lambda: b"\0" * XML_LIMIT,
        "more than may be": lambda: b"<a>" + b" " * 10 * XML_LIMIT,
    }
    too_large = {"more than may be": (413,)}
    return tuple(Kind(name, "PROPFIND", make, too_large.get(name, (400,))) for name, make in kinds.items())


_RULE = "RRULE:FREQ=YEARLY;BYYEARDAY=" + ",".join(str(day % 366 + 1) for day in range(25_000))
_NEVER = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"

OBJECTS: tuple[Kind, ...] = (
    Kind("a line of 10 MB", "PUT", lambda: todo(f"DESCRIPTION:{'x' * 10_000_000}"), (403,)),
    Kind("a line as long as may be", "PUT", lambda: todo(f"DESCRIPTION:{'x' * 130_700}"), (201, 204)),
    Kind("properties", "PUT", lambda: todo(*["A:"] * 100_000), (403,)),
    Kind("as many as fit", "PUT", lambda: todo(*["A:"] * 30_000), (403,)),
    Kind("parameters", "PUT", lambda: todo("SUMMARY" + ";A=b" * 30_000 + ":x"), (201, 204, 403)),
    Kind("quotes that never end", "PUT", lambda: todo('SUMMARY;A="' * 10_000), (403,)),
    Kind("folds", "PUT", lambda: todo("X-A:" + "\r\n " * 40_000), (201, 204, 403)),
    Kind("depth of components", "PUT", lambda: b"BEGIN:VTODO\r\n" * 9_000, (403,)),
    Kind("components", "PUT", lambda: todo(*["BEGIN:VALARM", "END:VALARM"] * 4_000), (403,)),
    Kind("categories", "PUT", lambda: todo(f"CATEGORIES:{'a,' * 60_000}"), (201, 204, 403)),
    Kind("a rule of a hundred thousand days", "PUT", lambda: todo("DUE:20260101T000000Z", _RULE), (201, 204, 403)),
    Kind("a rule without an end", "PUT", lambda: todo("DUE:19000101T000000Z", "RRULE:FREQ=DAILY"), (201, 204)),
    Kind("a rule of no date", "PUT", lambda: todo("DUE:20260101T000000Z", _NEVER), (201, 204, 403)),
    Kind("a rule of seconds", "PUT", lambda: todo("DUE:19000101T000000Z", "RRULE:FREQ=SECONDLY"), (201, 204, 403)),
    Kind("no text", "PUT", lambda: b"\xff" * OBJECT_LIMIT, (403,)),
)
"""What of them is taken is looked through by the questions that follow."""
