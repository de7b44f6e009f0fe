"""How tasks repeat, in RRULEs (RFC 5545) and in the words of those who have others."""

import re
from collections.abc import Iterable

from api.imports.parsed import Rule

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WORKDAYS = DAYS[:5]
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
BY_NAME = {name: day for long, day in zip(_LONG, DAYS, strict=True) for name in (long, long[:3])} | {
    "tues": "TU",
    "wednes": "WE",
    "thur": "TH",
    "thurs": "TH",
}

_DAY_SECONDS = 86_400
_LONGEST = 500

_NUMBERS = r"[+-]?\d{1,3}(?:,[+-]?\d{1,3})*"
_DAY = r"(?:[+-]?\d{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)"
_PARTS = {
    "FREQ": "|".join(FREQUENCIES),
    "INTERVAL": r"0*[1-9]\d{0,3}",
    "COUNT": r"0*[1-9]\d{0,4}",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "BYDAY": rf"{_DAY}(?:,{_DAY})*",
    "BYMONTHDAY": _NUMBERS,
    "BYMONTH": _NUMBERS,
    "BYYEARDAY": _NUMBERS,
    "BYWEEKNO": _NUMBERS,
    "BYSETPOS": _NUMBERS,
    "BYHOUR": _NUMBERS,
    "BYMINUTE": _NUMBERS,
    "BYSECOND": _NUMBERS,
    "WKST": "|".join(DAYS),
}
_KNOWN = {name: re.compile(part, re.ASCII) for name, part in _PARTS.items()}
_JUNK = {("COUNT", "-1"), ("COUNT", "0"), ("BYDAY", ""), ("INTERVAL", "0"), ("UNTIL", ""), ("BYMONTHDAY", "")}
_COMPLETION = ("FROM", "COMPLETION")


def rule(text: str, *, from_completion: bool = False, zone: str | None = None) -> Rule | None:
    """A rule as some program has written it, without what means nothing; None for what is none, or not understood."""
    parts: dict[str, str] = {}
    if len(text) > _LONGEST:
        return None
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if (name, value) == _COMPLETION:
            from_completion = True
        elif part.strip() and (name, value) not in _JUNK:
            if name in parts or name not in _KNOWN or not _KNOWN[name].fullmatch(value):
                return None
            parts[name] = value
    return Rule(written(parts.items()), from_completion, zone) if "FREQ" in parts else None


def written(parts: Iterable[tuple[str, object]]) -> str:
    """As RFC 5545 has it; what is None, or an interval of 1, is left out."""
    return ";".join(f"{name}={value}" for name, value in parts if value is not None)


def every(frequency: str, interval: int = 1, **parts: object) -> str:
    """Such a rule; `parts` in their order, those that are None are left out."""
    return written([("FREQ", frequency), ("INTERVAL", interval if interval > 1 else None), *parts.items()])


def listed(days: Iterable[str]) -> str | None:
    return ",".join(days) or None


def of_seconds(seconds: float) -> str | None:
    """Every so many seconds, which must be whole days."""
    days, rest = divmod(seconds, _DAY_SECONDS)
    if rest or days < 1:
        return None
    weeks, odd = divmod(int(days), 7)
    return every("DAILY", int(days)) if odd else every("WEEKLY", weeks)


_TASKWARRIOR = {
    "daily": every("DAILY"),
    "day": every("DAILY"),
    "weekdays": every("WEEKLY", BYDAY=listed(WORKDAYS)),
    "weekly": every("WEEKLY"),
    "sennight": every("WEEKLY"),
    "biweekly": every("WEEKLY", 2),
    "fortnight": every("WEEKLY", 2),
    "monthly": every("MONTHLY"),
    "month": every("MONTHLY"),
    "bimonthly": every("MONTHLY", 2),
    "quarterly": every("MONTHLY", 3),
    "semiannual": every("MONTHLY", 6),
    "annual": every("YEARLY"),
    "yearly": every("YEARLY"),
    "biannual": every("YEARLY", 2),
    "biyearly": every("YEARLY", 2),
}
_UNITS = {"d": "DAILY", "w": "WEEKLY", "mo": "MONTHLY", "q": "MONTHLY", "y": "YEARLY"}
_SPAN = re.compile(r"(\d{0,3}) ?(d|days?|w|wks?|weeks?|mo|mos|mths?|months?|q|qtrs?|quarters?|y|yrs?|years?)", re.ASCII)
_PERIOD = re.compile(r"p(\d{1,3})([dwmy])", re.ASCII)


def of_taskwarrior(recur: str) -> str | None:
    """Its own language, as far as it names days."""
    recur = recur.strip().lower()
    if recur in _TASKWARRIOR:
        return _TASKWARRIOR[recur]
    if found := _PERIOD.fullmatch(recur):
        number, unit = int(found[1]), {"m": "mo"}.get(found[2], found[2])
    elif found := _SPAN.fullmatch(recur):
        number, unit = int(found[1] or 1), "mo" if found[2].startswith("m") else found[2][0]
    else:
        return None
    return every(_UNITS[unit], number * (3 if unit == "q" else 1)) if number else None
