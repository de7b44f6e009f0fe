"""The same dates as other libraries, for rules by chance; docs/recurrence.md says why some differ.

`TASKLANE_RULES` is their number, 10,000 with `make recurrence`; without it there are as many as take half a minute of
a processor.
"""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.frontend.node import FRONTEND
from tests.recurrence import libical
from tests.recurrence.differences import explanation
from tests.recurrence.generate import Case, cases
from tests.recurrence.others import INSTALLED, LIBICAL, TEMPORAL, Dates, ask, ask_dateutil, said

NUMBER = int(os.environ.get("TASKLANE_RULES", "600"))
LIMIT = 10
SEED = 5545

no_temporal = FRONTEND.obstacle() or (None if INSTALLED.exists() else "rrule-temporal is not installed: make libraries")
no_libical = no_temporal or (None if libical.LIBRARY else "libical is not installed: apt install libical3")
needs_temporal = pytest.mark.skipif(no_temporal is not None, reason=str(no_temporal))
needs_libical = pytest.mark.skipif(no_libical is not None, reason=str(no_libical))

Asked = tuple[Case, Dates, dict[str, Dates | str]]
"""A rule, our dates, and those of the others that are installed."""


@pytest.fixture(scope="module")
def asked() -> Sequence[Asked]:
    """All rules with all answers: Node is begun once."""
    rules = list(cases(NUMBER, seed=SEED))
    return [(case, dates(case), answers) for case, answers in zip(rules, ask(rules, limit=LIMIT), strict=True)]


@pytest.mark.parametrize(
    "library", [pytest.param(TEMPORAL, marks=needs_temporal), pytest.param(LIBICAL, marks=needs_libical)]
)
def test_another_library_finds_the_same_dates_but_where_it_is_known_to_differ(
    asked: Sequence[Asked], library: str
) -> None:
    """Each difference is a row of the table."""
    known: Counter[str] = Counter()
    unknown = []
    for case, ours, answers in asked:
        if (theirs := answers[library]) != ours:
            why = explanation(library, case, ours, theirs, dates)
            known[why or "unknown"] += 1
            if why is None:
                unknown.append(f"{case}\n  ours   {ours}\n  theirs {theirs}")
    told = [f"{times} {library}: {why}" for why, times in known.most_common()]
    print(f"of {NUMBER} rules", *told, sep="\n")
    assert not unknown, "\n".join([*told, *unknown[:20]])


@needs_libical
def test_where_both_differ_from_ours_they_differ_from_one_another(asked: Sequence[Asked]) -> None:
    """Two that agree would be right, most probably."""
    alone = [
        (case, ours, answers) for case, ours, answers in asked if all(theirs != ours for theirs in answers.values())
    ]
    print(f"{len(alone)} of {NUMBER} rules are read by us alone")
    agreed = [item for item in alone if item[2][TEMPORAL] == item[2][LIBICAL] != []]
    assert not agreed, "\n".join(map(str, agreed[:20]))


def test_dateutil_alone_differs_where_it_is_known_to() -> None:
    """What it finds without what is done for it here."""
    unknown = []
    for case in cases(min(NUMBER, 1000), seed=SEED):
        ours, theirs = dates(case), ask_dateutil(case, limit=LIMIT)
        if theirs != ours and explanation("dateutil", case, ours, theirs, dates) is None:
            unknown.append(f"{case}\n  ours   {ours}\n  theirs {theirs}")
    assert not unknown, "\n".join(unknown[:20])


def dates(case: Case) -> Dates:
    """Ours."""
    return [said(occurrence.on or occurrence.at or occurrence.shown) for occurrence in case.series.coming(LIMIT)]
