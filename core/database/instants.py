"""How a moment is written, by the database: one spelling wherever one is shown."""

from typing import LiteralString

MILLISECONDS: LiteralString = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
"""As a browser writes it: a pattern of `to_char`."""
MICROSECONDS: LiteralString = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""


def shown(moment: LiteralString) -> LiteralString:
    """SQL for the text of a `timestamptz`, in UTC and with milliseconds; null stays null."""
    return "to_char(" + moment + " AT TIME ZONE 'UTC', " + MILLISECONDS + ")"
