"""Other libraries' dates of a rule: those of libical (C) and of rrule-temporal (Node), and of dateutil left to itself.

Each is told COUNT as it reads it: none of them counts a start that the rule does not name, as RFC 5545 does (3.8.5.3).
"""

import json
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from dateutil.rrule import rrulestr

from core.recurrence import periods
from core.recurrence.rule import Rule
from tests.frontend.node import environment
from tests.recurrence import libical
from tests.recurrence.generate import Case

FOLDER = Path(__file__).parent
INSTALLED = FOLDER / "node_modules/rrule-temporal"
TEMPORAL, LIBICAL = "rrule-temporal", "libical"
TOO_LONG = 7200
SPARE = 3
"""Dates that are asked for beyond those that are compared: some may come to be the same."""

Dates = list[str]
"""As `said` writes them."""


def said(when: date | datetime) -> str:
    """A date, or an instant to the second."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(when, datetime) else when.isoformat()


def ask(cases: Sequence[Case], *, limit: int) -> Iterator[dict[str, Dates | str]]:
    """What those of the two find that are there, by their names, in the order of the cases; a text is an error."""
    asked = [_asked(case, limit + SPARE) for case in cases]
    found = list(libical.ask(asked)) if libical.LIBRARY else [None] * len(asked)
    questions = "".join(
        json.dumps({"rule": rule, "start": start, "limit": limit, "zone": _zone(case), "found": times or []}) + "\n"
        for case, (rule, start, limit), times in zip(cases, asked, found, strict=True)
    )
    node = subprocess.run(
        ["node", "others.mjs"],
        cwd=FOLDER,
        env=environment({}),
        input=questions,
        stdout=subprocess.PIPE,
        text=True,
        timeout=TOO_LONG,
        check=True,
    )
    for case, line, times in zip(cases, node.stdout.splitlines(), found, strict=True):
        answers = json.loads(line)
        if not libical.LIBRARY:
            del answers[LIBICAL]
        elif times is None:
            answers[LIBICAL] = "it died"
        yield {name: _following(case, dates, limit) for name, dates in answers.items()}


def _zone(case: Case) -> str | None:
    return None if case.dates else case.zone


def ask_dateutil(case: Case, *, limit: int) -> Dates:
    """What it finds when it is given the rule's text and nothing else; the zone is Python's."""
    rule = _without_zone(case)
    if rule is None:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = rrulestr(str(rule).replace("Z", ""), dtstart=case.start)
    following = islice((when for when in found if when > case.start), limit + SPARE)
    series = case.series
    dates = [said(when.date()) if case.dates else said(_instant(series, when)) for when in following]
    return list(_following(case, dates, limit))


def _asked(case: Case, limit: int) -> tuple[str, str, int]:
    rule = _without_zone(case)
    return (str(rule), case.start.isoformat(), limit) if rule else ("FREQ=DAILY", case.start.isoformat(), 0)


def _without_zone(case: Case) -> Rule | None:
    """The rule as the others take it, on a clock of UTC; None where its COUNT leaves nothing for them."""
    rule, until = case.rule, case.rule.until
    if until is not None:
        last = until if isinstance(until, datetime) else datetime.combine(until, time(23, 59, 59))
        rule = replace(rule, until=last.replace(tzinfo=UTC))
    if rule.count is not None and case.start not in islice(periods.dates(replace(rule, count=None), case.start), 1000):
        rule = rule.without(1)
    return rule if rule.count != 0 else None


def _instant(series: Any, when: datetime) -> datetime:
    instant: datetime = series._occurrence(when, series._shown(when)).at
    return instant


def _following(case: Case, found: Any, limit: int) -> Any:
    """Each once; what the clocks moved to the start's own time is none that follows."""
    if isinstance(found, str):
        return found
    series = case.series
    start = said(case.start.date()) if case.dates else said(_instant(series, case.start))
    return sorted({when for when in found if when != start})[:limit]
