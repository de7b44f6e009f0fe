"""What comes after a task that recurs: the rule's dates in a time zone, each of which is a time that exists.

A time that the clocks skip is moved forward by as much as they are, one that they show twice is the first (RFC 5545,
section 3.8.5.3); so no date is lost. Two that come to be the same are one.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from core.recurrence import periods
from core.recurrence.rule import Rule

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A date of a series; one of `on` and `at` is None, as it is of a due date."""

    nominal: datetime
    """What the rule says, on the wall; whatever comes after it is counted from there."""
    shown: datetime
    """What the clock on the wall shows: the same, or later where the clocks skip that."""
    on: date | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The next one, and the rule as it is from there on: with as much less of a COUNT as has been."""

    occurrence: Occurrence
    rule: Rule


@dataclass(frozen=True, slots=True)
class Series:
    """A rule and the date of the task that has it, which is the first, whether the rule names it or not."""

    rule: Rule
    start: datetime
    """On the wall, and nominal: `Occurrence.nominal` of the one before, where there was one."""
    zone: str
    dates: bool
    """Whether its dates are days, without a time; then the zone says on which of them a moment lies."""

    def following(self, shown: datetime | None = None) -> Step | None:
        """What comes next, behind `shown` where that is later; None when the series is over."""
        try:
            past = self._shown(self.start)
        except OverflowError:  # it is itself beyond the year 9999
            return None
        if shown is not None and shown > past:
            past = shown
        near = None if self.rule.count or past.toordinal() == 1 else past - _DAY
        for number, occurrence in enumerate(self._all(near), start=1):
            if occurrence.shown > past:
                return Step(occurrence, self.rule.without(number))
        return None

    def after(self, moment: datetime) -> Step | None:
        """What comes next when it is counted from a moment, such as that of the completion, at the same time of day."""
        try:
            on_the_wall = moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        except OverflowError:
            return None
        day = on_the_wall.date()
        begun = replace(self, start=datetime.combine(day, self.start.time()))
        return begun.following(datetime.combine(day, time()) if self.dates else on_the_wall)

    def coming(self, limit: int, *, years: int | None = None) -> list[Occurrence]:
        """The next ones, up to so many years from the start: those that lie centuries apart take their time."""
        found = self._all()
        if years is not None:
            last = self.start.year + years
            found = takewhile(lambda occurrence: occurrence.shown.year <= last, found)
        return list(islice(found, limit))

    def _all(self, near: datetime | None = None) -> Iterator[Occurrence]:
        """All that follow on `start`, each once, rising; with `near` perhaps not those long before it."""
        left = None if self.rule.count is None else self.rule.count - 1
        return islice(self._unlimited(near), left)

    def _unlimited(self, near: datetime | None) -> Iterator[Occurrence]:
        try:
            last = self._shown(self.start)
            for nominal, shown in self._in_order(periods.dates(self.rule, self.start, near=near)):
                occurrence = self._occurrence(nominal, shown)
                if self._is_over(occurrence):
                    return
                if shown > last:
                    last = shown
                    yield occurrence
        except OverflowError:  # what the zone makes of it lies beyond the year 9999
            return

    def _in_order(self, nominals: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
        """Each with what is shown, rising by that: what was moved may have got behind what follows."""
        moved: list[tuple[datetime, datetime]] = []
        for nominal in nominals:
            while moved and moved[0][0] <= nominal:
                shown, meant = heapq.heappop(moved)
                yield meant, shown
            shown = self._shown(nominal)
            if shown == nominal:
                yield nominal, shown
            else:
                heapq.heappush(moved, (shown, nominal))
        for shown, meant in sorted(moved):
            yield meant, shown

    def _shown(self, nominal: datetime) -> datetime:
        """A time that is twice, or not at all, has for Python the earlier offset: it is the first, or moves on."""
        if self.dates:
            return nominal
        zone = ZoneInfo(self.zone)
        return nominal.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)

    def _occurrence(self, nominal: datetime, shown: datetime) -> Occurrence:
        if self.dates:
            return Occurrence(nominal, shown, on=shown.date())
        return Occurrence(nominal, shown, at=shown.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC))

    def _is_over(self, occurrence: Occurrence) -> bool:
        """UNTIL is the last that may be: a day with all of its times, in the zone, or a time on the clock it names."""
        until = self.rule.until
        if until is None:
            return False
        if not isinstance(until, datetime) or self.dates:
            return occurrence.shown.date() > (until.date() if isinstance(until, datetime) else until)
        present = occurrence.shown if until.tzinfo is None else occurrence.at
        return present is not None and present.replace(microsecond=0) > until
