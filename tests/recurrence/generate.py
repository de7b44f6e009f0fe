"""Rules by chance: each part that is allowed, near the days on which clocks are changed, the same for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from core.recurrence.rule import WEEKDAYS, Rule, parse
from core.recurrence.series import Series

# Half an hour of summer time; a day that there was not; summer time but in Ramadan; winter time that is the exception;
# an offset of 5:45 since 1986; and the usual two.
ZONES = (
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "America/New_York",
)
CHANGES = (
    datetime(2026, 3, 29, 2, 30),
    datetime(2026, 10, 25, 2, 30),
    datetime(2026, 3, 8, 2, 30),
    datetime(2026, 4, 5, 1, 45),
    datetime(2026, 10, 4, 2, 15),
    datetime(2011, 12, 30, 9, 0),
    datetime(2026, 2, 15, 2, 30),
    datetime(2026, 3, 22, 2, 30),
    datetime(1986, 1, 1, 0, 5),
)
TIMES = ((0, 0, 0), (2, 30, 0), (1, 45, 0), (9, 0, 0), (23, 59, 59))


CHOICES: tuple[tuple[str, float, str, list[int], int], ...] = (
    ("DAILY WEEKLY MONTHLY YEARLY", 0.25, "BYMONTH", list(range(1, 13)), 4),
    ("DAILY MONTHLY YEARLY", 0.25, "BYMONTHDAY", [*range(1, 32), *range(-31, 0), 31, -1, 29], 4),
    ("YEARLY", 0.12, "BYYEARDAY", [1, 59, 60, 61, 100, 200, 365, 366, -1, -366, -306, -307], 4),
    ("YEARLY", 0.12, "BYWEEKNO", [*range(1, 54), -1, -2, -52, -53, 53, 1], 4),
)
"""With which frequencies, how often, and how many of which numbers."""

TIMES_OF_DAY: tuple[tuple[float, str, list[int], int], ...] = (
    (0.12, "BYHOUR", [1, 2, 3, 8, 9, 20, 23], 3),
    (0.08, "BYMINUTE", [0, 15, 30, 45], 2),
    (0.03, "BYSECOND", [0, 30, 59], 2),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A rule and where it begins."""

    rule: Rule
    start: datetime
    zone: str
    dates: bool

    @property
    def series(self) -> Series:
        return Series(self.rule, self.start, self.zone, self.dates)

    def __str__(self) -> str:
        return f"{self.rule} from {self.start:%a} {self.start} {'' if self.dates else self.zone}"


def cases(number: int, *, seed: int) -> Iterator[Case]:
    """So many of them that are let through."""
    random = Random(seed)
    while number:
        dates = random.random() < 0.25
        start = _start(random, dates=dates)
        try:
            rule = parse(_text(random, start, dates=dates))
        except ValueError:
            continue
        number -= 1
        yield Case(rule, start, random.choice(ZONES), dates)


def _start(random: Random, *, dates: bool) -> datetime:
    if random.random() < 0.4:
        start = random.choice(CHANGES) - timedelta(days=random.randrange(40))
    else:
        day = date(1990, 1, 1) + timedelta(days=random.randrange(46 * 365))
        if random.random() < 0.1:
            day = random.choice((date(2024, 2, 29), date(2026, 1, 31), date(2025, 12, 29), date(2026, 12, 31)))
        start = datetime(day.year, day.month, day.day, *random.choice(TIMES))
    return start.replace(hour=0, minute=0, second=0) if dates else start


def _text(random: Random, start: datetime, *, dates: bool) -> str:
    frequency = random.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    parts = [f"FREQ={frequency}"]
    if random.random() < 0.5:
        parts.append(f"INTERVAL={random.choice((2, 2, 3, 4, 5, 7, 11, 18))}")
    match random.randrange(4):
        case 0:
            parts.append(f"COUNT={random.randint(1, 15)}")
        case 1:
            until = start + timedelta(days=random.randrange(1500))
            parts.append(f"UNTIL={until:%Y%m%d}" + ("" if dates or random.random() < 0.5 else f"T{until:%H%M%S}"))
    by = [_numbers(random, *choice[1:]) for choice in CHOICES if frequency in choice[0]]
    if random.random() < 0.45:
        numbered = frequency in ("MONTHLY", "YEARLY") and not any("BYWEEKNO" in part for part in by)
        by.append(f"BYDAY={','.join(_day(random, numbered=numbered) for _ in range(random.randint(1, 4)))}")
    if not dates:
        by += [_numbers(random, *choice) for choice in TIMES_OF_DAY]
    if any(by):
        by.append(_numbers(random, 0.2, "BYSETPOS", [1, 2, 3, 4, -1, -2, -3], 2))
    if random.random() < 0.3:
        by.append(f"WKST={random.choice(WEEKDAYS)}")
    return ";".join([*parts, *filter(None, by)])


def _numbers(random: Random, chance: float, name: str, numbers: list[int], most: int) -> str:
    if random.random() >= chance:
        return ""
    return f"{name}={','.join(map(str, random.sample(numbers, random.randint(1, min(most, len(numbers))))))}"


def _day(random: Random, *, numbered: bool) -> str:
    number = str(random.choice((1, 2, 3, 4, 5, -1, -2, -5))) if numbered and random.random() < 0.5 else ""
    return number + random.choice(WEEKDAYS)
