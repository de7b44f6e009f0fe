"""CSV (RFC 4180) that a spreadsheet shows as it is: no text of a task is ever taken for a formula."""

import csv
import io
import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable

from core.tasks.fields import EXPORTED

# https://owasp.org/www-community/attacks/CSV_Injection; some programs begin anew with each line of a cell, and take the
# wide forms of East Asian keyboards as well.
_FORMULA = re.compile(r"(?:\A|(?<=[\r\n]))(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


class Table:
    """One line per task, those in the trash too, the names of the columns first."""

    def __init__(self, *, marked: bool = False) -> None:
        self._mark = BOM_UTF8 if marked else b""

    def head(self) -> bytes:
        return self._mark + _line(EXPORTED)

    def tasks(self, batch: list[str]) -> bytes:
        return b"".join(_line(_cells(json.loads(task))) for task in batch)

    def tail(self) -> bytes:
        return b""


def _line(row: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(row)
    return text.getvalue().encode()


def _cells(task: dict[str, object]) -> list[str]:
    return [_plain(task[name]) for name in EXPORTED]


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return _plain(", ".join(_listed(str(item)) for item in value))
        case dict():
            return json.dumps(value, separators=(",", ":"))
        case str():
            return _FORMULA.sub("'", value)
        case _:
            return str(value)


def _listed(tag: str) -> str:
    """A tag or a reminder among others, in quotation marks where it could be taken for two, or for none."""
    if re.search(r'[,"\r\n]', tag) or tag != tag.strip():
        return '"{}"'.format(tag.replace('"', '""'))
    return tag
