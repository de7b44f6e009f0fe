"""`python -m migrations.functions` writes the functions of the present representation, from `core/tasks/fields.py`.

It changes nothing that is there already: a released migration may install it.
"""

import sys
from collections.abc import Mapping

from core.tasks.fields import COLUMNS, GIVEN, MEMBERS, REPRESENTATION, Column, Given, as_json, function
from migrations.functions import FOLDER, NAMES

_COMMA = ",\n        "
"""A field is a line of its own, so that a new one shows in the difference of two representations."""


def main() -> int:
    """0, or 1 with a sentence when the folder has something else already."""
    folder = FOLDER / str(REPRESENTATION)
    files = {folder / f"{name}.sql": text for name, text in rendered().items()}
    if any(path.exists() and path.read_text() != text for path, text in files.items()):
        print(
            f"migrations/functions/{REPRESENTATION} holds other functions than these. Raise REPRESENTATION in "
            "core/tasks/fields.py, or delete that folder if nobody can have migrated with it.",
            file=sys.stderr,
        )
        return 1
    folder.mkdir(exist_ok=True)
    for path, text in files.items():
        path.write_text(text)
    return 0


def rendered() -> dict[str, str]:
    """Today's functions, by name."""
    places = _places()
    return {name: (FOLDER / f"{name}.sql").read_text().format_map(places) for name in NAMES}


def _places() -> dict[str, str]:
    number = {column.name: f"${place}" for place, column in enumerate(GIVEN, start=2)}
    values = {column.name: _value(column, number) for column in COLUMNS if isinstance(column, Given) or column.made}
    return {
        **{name: function(name) for name in NAMES},
        "task": as_json(MEMBERS, comma=_COMMA),
        "parameters": _COMMA.join(_parameter(column) for column in GIVEN),
        "columns": _COMMA.join(values),
        "values": _COMMA.join(values.values()),
    }


def _value(column: Column, number: Mapping[str, str]) -> str:
    return number[column.name] if isinstance(column, Given) else (column.made or "").format_map(number)


def _parameter(column: Given) -> str:
    parameter = f"{column.name} {column.type}"
    if column.needed:
        return parameter
    return f"{parameter} DEFAULT " + ("'[]'" if column.type == "jsonb" else _literal(column.default))


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value).lower()
        case str():
            return f"'{value}'"
        case []:
            return "'{}'"
        case _:
            raise TypeError(f"there is no SQL for the default {value!r} yet")


if __name__ == "__main__":
    sys.exit(main())
