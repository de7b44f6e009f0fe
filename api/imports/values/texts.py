"""Texts as other programs write them, plain, and the types with which their files are read."""

import re
from html.parser import HTMLParser
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_HTML = 8192
"""Of which a description keeps a thousand."""

_BREAKS = frozenset({"br"})
_ITEMS = frozenset({"li", "tr", "dt", "dd"})
_PARAGRAPHS = frozenset({"p", "div", "ul", "ol", "table", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"})
_UNSEEN = frozenset({"script", "style", "head", "title"})
_MANY_LINES = re.compile(r"\n{3,}")


def plain(value: object) -> str:
    """Lines ended by LF, nothing around them, and no NUL."""
    if not isinstance(value, str):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON lets pass
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def of_html(value: str) -> str:
    """What a browser shows of it, without any of its looks."""
    if "<" not in value and "&" not in value:
        return plain(value)
    reader = _Shown()
    reader.feed(value[:MAX_HTML])
    reader.close()
    return plain(_MANY_LINES.sub("\n\n", "".join(reader.shown)))


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002  # the parser names it
        self._unseen += tag in _UNSEEN
        if tag in _BREAKS or tag in _ITEMS:
            self.shown.append("\n")
        elif tag in _PARAGRAPHS and self.shown:
            self.shown.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))
        if tag in _PARAGRAPHS:
            self.shown.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.shown.append(data)


class Foreign(BaseModel):
    """A piece of another program's file: of what is known the type must be right, and the rest is ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class Camel(Foreign):
    """One whose members are written `likeThis`."""

    model_config = ConfigDict(alias_generator=to_camel)


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _or(empty: Any) -> Any:
    """`null` is as good as absent."""
    return BeforeValidator(lambda value: empty() if value is None else value)


Ref = Annotated[str, BeforeValidator(_text), _or(str)]
"""An id; it may be a number in older files."""
Text = Annotated[str, _or(str)]
Flag = Annotated[bool, BeforeValidator(lambda value: bool(value) if value in (0, 1) else value), _or(bool)]
"""True, or 1 in older files."""
Number = Annotated[float, BeforeValidator(lambda value: 0.0 if value is None else value), Field(allow_inf_nan=False)]
Refs = Annotated[list[Ref], _or(list)]
