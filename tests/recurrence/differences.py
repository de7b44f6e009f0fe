"""Why another library finds other dates: the rows of the table in docs/recurrence.md.

Each row says what the library does instead, as a rule that is read rightly: that must have the dates which it found.
Where there is no such rule, the row says only for which rules it holds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.recurrence.rule import TIMES, Part, Rule
from tests.recurrence.generate import Case

Dates = list[str]
Instead = Callable[[Case], Rule | None]
"""The rule that the library follows; None where what it finds is no rule's."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row."""

    name: str
    library: str
    holds: Callable[[Case], bool]
    instead: Instead | None = None


def _has(case: Case, *parts: Part) -> bool:
    return all(part in case.rule.by for part in parts)


def _is(case: Case, *frequencies: str) -> bool:
    return case.rule.frequency in frequencies


def _numbered(case: Case) -> bool:
    return any(day.number for day in case.rule.days)


def _mixed(case: Case) -> bool:
    return _numbered(case) and not all(day.number for day in case.rule.days)


def _without(case: Case, part: Part) -> Rule:
    return replace(case.rule, by={name: numbers for name, numbers in case.rule.by.items() if name != part})


def _with(case: Case, part: Part, numbers: tuple[int, ...]) -> Rule:
    return replace(case.rule, by={**case.rule.by, part: numbers})


def _has_several_times(case: Case) -> bool:
    return any(len(case.rule.by.get(part, ())) > 1 for part in TIMES)


def _counts_from_both_ends(case: Case) -> bool:
    days = case.rule.by["BYMONTHDAY"]
    return days[0] < 0 < days[-1]


def _rising(case: Case) -> Rule | None:
    days = tuple(day for day in case.rule.by["BYMONTHDAY"] if day > 0)
    return _with(case, "BYMONTHDAY", days) if days else None


DIFFERENCES = (
    Difference(
        "BYSETPOS is not read with DAILY and WEEKLY",
        "libical",
        lambda case: _is(case, "DAILY", "WEEKLY") and _has(case, "BYSETPOS"),
        lambda case: _without(case, "BYSETPOS"),
    ),
    Difference(
        "a negative BYMONTHDAY is never met with DAILY",
        "libical",
        lambda case: _is(case, "DAILY") and min(case.rule.by.get("BYMONTHDAY", (1,))) < 0,
        _rising,
    ),
    Difference(
        "BYMONTHDAY of a year without BYMONTH is that of the start's month alone",
        "libical",
        lambda case: _is(case, "YEARLY") and _has(case, "BYMONTHDAY") and not _has(case, "BYMONTH"),
        lambda case: None if case.rule.days else _with(case, "BYMONTH", (case.start.month,)),
    ),
    Difference(
        "BYSETPOS counts days, each with all of its times",
        "libical",
        lambda case: _is(case, "MONTHLY", "YEARLY") and _has(case, "BYSETPOS") and _has_several_times(case),
    ),
    Difference(
        "an INTERVAL of weeks leads astray behind the start's week",
        "libical",
        lambda case: _is(case, "WEEKLY") and case.rule.interval > 1,
    ),
    Difference(
        "BYWEEKNO finds nothing without BYDAY, or beside BYMONTHDAY, or the process dies",
        "libical",
        lambda case: _has(case, "BYWEEKNO"),
    ),
    Difference(
        "BYYEARDAY is not limited by other days",
        "libical",
        lambda case: (
            _has(case, "BYYEARDAY") and (bool(case.rule.days) or _has(case, "BYMONTHDAY") or _has(case, "BYMONTH"))
        ),
    ),
    Difference(
        "a day that BYMONTHDAY names twice counts twice for BYSETPOS",
        "libical",
        lambda case: _has(case, "BYSETPOS", "BYMONTHDAY") and _counts_from_both_ends(case),
    ),
    Difference(
        "days with a number hide those without, in a year without BYMONTH",
        "rrule-temporal",
        lambda case: _is(case, "YEARLY") and _mixed(case) and not _has(case, "BYMONTH"),
        lambda case: replace(case.rule, days=tuple(day for day in case.rule.days if day.number)),
    ),
    Difference(
        "BYMONTHDAY is not read beside BYWEEKNO",
        "rrule-temporal",
        lambda case: _has(case, "BYWEEKNO", "BYMONTHDAY"),
    ),
    Difference(
        "BYYEARDAY is not limited by other days",
        "rrule-temporal",
        lambda case: (
            _has(case, "BYYEARDAY")
            and (bool(case.rule.days) or _has(case, "BYMONTHDAY") or _has(case, "BYMONTH") or _has(case, "BYWEEKNO"))
        ),
    ),
    Difference(
        "days with a number are not limited by BYMONTHDAY in a year",
        "rrule-temporal",
        lambda case: _is(case, "YEARLY") and _numbered(case) and _has(case, "BYMONTHDAY"),
    ),
    Difference(
        "the days of a week in two years belong to the year of its Thursday",
        "rrule-temporal",
        lambda case: _has(case, "BYWEEKNO") and (case.rule.interval > 1 or _has(case, "BYSETPOS")),
    ),
    Difference(
        "days with a number and days without must both be met",
        "dateutil",
        _mixed,
    ),
    Difference(
        "BYSETPOS counts what is left of the start's week",
        "dateutil",
        lambda case: _is(case, "WEEKLY") and _has(case, "BYSETPOS"),
    ),
    Difference(
        "BYWEEKNO without BYDAY is all seven days",
        "dateutil",
        lambda case: _has(case, "BYWEEKNO") and not case.rule.days,
    ),
)

LAST_OF_LIBICAL = "2582"
GIVES_UP = "it looks for a date 10,000 times"
NEVER_ENDS = "it looks for a date that there is not, and never ends"
ENDS = "it ends in 2582"


def explanation(
    library: str, case: Case, ours: Dates, theirs: Dates | str, dates: Callable[[Case], Dates]
) -> str | None:
    """What is known of it, where it is that; None for any other. `dates` finds a rule's."""
    if library == "libical" and theirs == ours[: len(theirs)] and ours[len(theirs)] > LAST_OF_LIBICAL:
        return ENDS
    if "Maximum iterations" in theirs:
        return GIVES_UP
    if theirs == "it died" and not ours:
        return NEVER_ENDS
    known = [difference for difference in DIFFERENCES if difference.library == library and difference.holds(case)]
    names = "; ".join(difference.name for difference in known)
    if len(known) == 1 and known[0].instead is not None and (rule := known[0].instead(case)) is not None:
        return names if _same(case, dates(replace(case, rule=rule)), theirs) else None
    return names or None


def _same(case: Case, one: Dates, other: Dates | str) -> bool:
    """As far as both go where there is a COUNT, or one ends: which of them counts the start depends on the rule."""
    if isinstance(other, str) or (case.rule.count is None and (not one or one[-1] < LAST_OF_LIBICAL)):
        return one == other
    return all(first == second for first, second in zip(one, other, strict=False))
