"""What a task says of its recurrence: kept in two columns, and turned into the series that it stands in.

`recurrence` is JSON as clients get it; `recurrence_date` the date that the task stands for in its series, on the wall.
It is the due date as it was when the recurrence was given, and stays when the due date alone is changed.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from core.recurrence.rule import Rule
from core.recurrence.rule import parse as parse_rule
from core.recurrence.series import Series
from core.tasks.due import Due
from core.tasks.zones import UNIVERSAL

Origin = Literal["due", "completion"]

NEEDS_DUE = "needs a due_date, from which it is counted"
NO_TIMES = "must not have BYHOUR, BYMINUTE or BYSECOND in its rule where the due_date is a date"
NO_ZONE = "must not have a time_zone where the due_date is a date, unless from is completion"
OUT_OF_TIME = "must have a time_zone in which the due_date lies in the years 1 to 9999"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule, where its clock is, and what the next date is counted from."""

    rule: Rule
    zone: str | None = None
    """None with dates: their days are the same everywhere."""
    origin: Origin = "due"

    def __str__(self) -> str:
        """The JSON that clients get."""
        shown = {"rule": str(self.rule), "time_zone": self.zone, "from": self.origin}
        return json.dumps(shown, separators=(",", ":"))

    @classmethod
    def stored(cls, text: str) -> "Recurrence":
        """The inverse of `str`."""
        shown = json.loads(text)
        return cls(parse_rule(shown["rule"]), shown["time_zone"], cast(Origin, shown["from"]))

    def at(self, due: Due) -> "Recurrence":
        """As it is kept with a task that is due then: an instant has a clock; raises `ValueError` with a sentence."""
        if due.at is not None:
            return self if self.zone else replace(self, zone=UNIVERSAL)
        if due.on is None:
            raise ValueError(NEEDS_DUE)
        if self.rule.has_times:
            raise ValueError(NO_TIMES)
        if self.zone and self.origin == "due":
            raise ValueError(NO_ZONE)
        return self

    def date_of(self, due: Due) -> str:
        """What a task that is due then stands for; raises `ValueError`."""
        if due.on is not None:
            return due.on.isoformat()
        assert due.at is not None
        try:
            return due.at.astimezone(ZoneInfo(self.zone or UNIVERSAL)).replace(tzinfo=None).isoformat()
        except OverflowError:
            raise ValueError(OUT_OF_TIME) from None

    def series(self, stands_for: str) -> Series:
        """That of a task which stands for a date."""
        dates = "T" not in stands_for
        return Series(self.rule, datetime.fromisoformat(stands_for), self.zone or UNIVERSAL, dates)

    def on_the_wall(self, due: Due) -> datetime | None:
        """A due date as this clock shows it."""
        if due.on is not None:
            return datetime.combine(due.on, time())
        if due.at is None:
            return None
        try:
            return due.at.astimezone(ZoneInfo(self.zone or UNIVERSAL)).replace(tzinfo=None)
        except OverflowError:
            return None


def recurrence_columns(given: Recurrence, due: Due) -> dict[str, str]:
    """What is kept of one that a task gets which is due then; raises `ValueError` with a sentence."""
    kept = given.at(due)
    return {"recurrence": str(kept), "recurrence_date": kept.date_of(due)}


def standard_rule(said: Recurrence, *, dates: bool) -> Rule:
    """With an UNTIL of the kind that RFC 5545 wants beside the start: a date, or a time of UTC."""
    until, rule = said.rule.until, said.rule
    if until is None:
        return rule
    if dates:
        return replace(rule, until=until.date() if isinstance(until, datetime) else until)
    if not isinstance(until, datetime):
        until = datetime.combine(until, time(23, 59, 59))
    if until.tzinfo is None:
        try:
            until = until.replace(tzinfo=ZoneInfo(said.zone or UNIVERSAL)).astimezone(UTC)
        except OverflowError:
            return replace(rule, until=until.replace(tzinfo=UTC))
    return replace(rule, until=until)


@dataclass(frozen=True, slots=True)
class Following:
    """The next task of a series, by its columns."""

    due: Due
    recurrence: str
    stands_for: str

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "due_on": self.due.on,
            "due_at": self.due.at,
            "recurrence": self.recurrence,
            "recurrence_date": self.stands_for,
        }


def following(recurrence: str, stands_for: str | None, due: Due, completed_at: datetime) -> Following | None:
    """What comes after a task with these columns; None when its series is over."""
    said = Recurrence.stored(recurrence)
    if stands_for is None:
        stands_for = said.date_of(due)
    series = said.series(stands_for)
    step = series.after(completed_at) if said.origin == "completion" else series.following(said.on_the_wall(due))
    if step is None:
        return None
    found = step.occurrence
    nominal = found.nominal.date().isoformat() if series.dates else found.nominal.isoformat()
    return Following(Due(found.on, found.at), str(replace(said, rule=step.rule)), nominal)


YEARS_SHOWN = 100
"""Of what comes."""


def coming(recurrence: str, stands_for: str | None, due: Due, limit: int) -> list[Due]:
    """The next due dates of such a task, were each completed when it is due."""
    said = Recurrence.stored(recurrence)
    found: list[Due] = []
    series = said.series(stands_for or said.date_of(due))
    step = series.following(said.on_the_wall(due))
    if step is None:
        return []
    first = step.occurrence
    found = [Due(first.on, first.at)]
    rest = Series(step.rule, first.nominal, series.zone, series.dates).coming(limit - 1, years=YEARS_SHOWN)
    return found + [Due(occurrence.on, occurrence.at) for occurrence in rest]


def known_date(text: object) -> str | None:
    """What an export has of the date that a task stands for; what no export has says nothing."""
    if not isinstance(text, str):
        return None
    try:
        when = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return None
    return text if when.isoformat() == text and not (isinstance(when, datetime) and when.tzinfo) else None
