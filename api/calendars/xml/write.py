"""XML as text, piece by piece. Names are `{namespace}name`; content is XML already, or is made so by `escaped`."""

import re
from functools import lru_cache

from api.calendars.xml.names import PREFIXES, parted

MEDIA_TYPE = "application/xml; charset=utf-8"

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
DECLARED = "".join(f' xmlns:{prefix}="{namespace}"' for namespace, prefix in PREFIXES.items())
"""To be said by the element at the top."""

# What XML 1.0 has no way to write.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A reader would take a carriage return for the end of a line, and a tab or an end of line in an attribute for a space.
_SPECIAL = re.compile('[&<>"\r]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


def escaped(text: str) -> str:
    """As content, or as the value of an attribute."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], _IMPOSSIBLE.sub("\ufffd", text))


def element(name: str, *content: str) -> str:
    """An element without attributes, of XML."""
    begin, end = _tags(name)
    inside = "".join(content)
    return f"<{begin}>{inside}</{end}>" if inside else f"<{begin}/>"


def of_text(name: str, text: str) -> str:
    """An element that holds text."""
    return element(name, escaped(text))


def href(path: str) -> str:
    """A path, which is ASCII and percent-encoded already."""
    return f"<D:href>{escaped(path)}</D:href>"


def document(name: str, *content: str) -> str:
    """All of it: the element at the top declares the usual namespaces."""
    begin, end = _tags(name)
    return f"{HEAD}<{begin}{DECLARED}>{''.join(content)}</{end}>"


def _tags(name: str) -> tuple[str, str]:
    return _usual_tags(name) if name.rpartition("}")[0].removeprefix("{") in PREFIXES else _other_tags(name)


@lru_cache(maxsize=256)
def _usual_tags(name: str) -> tuple[str, str]:
    namespace, local = parted(name)
    prefixed = f"{PREFIXES[namespace]}:{local}"
    return prefixed, prefixed


def _other_tags(name: str) -> tuple[str, str]:
    """A name that a client has made up is told back to it, once, with its namespace."""
    namespace, local = parted(name)
    return (f'x:{local} xmlns:x="{escaped(namespace)}"', f"x:{local}") if namespace else (local, local)
