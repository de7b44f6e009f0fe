"""The same dates as other libraries, for ten thousand rules by chance; docs/recurrence.md says why some differ."""

from collections import Counter

import pytest

from tests.frontend.node import FRONTEND
from tests.recurrence import libical
from tests.recurrence.differences import explanation
from tests.recurrence.generate import Case, cases
from tests.recurrence.others import INSTALLED, ask, ask_dateutil, said

NUMBER = 10_000
LIMIT = 10
SEED = 5545

missing = FRONTEND.obstacle() or (
    None
    if INSTALLED.exists() and libical.LIBRARY
    else "the libraries are not installed: make libraries, apt install libical3"
)
needs_libraries = pytest.mark.skipif(missing is not None, reason=str(missing))


@needs_libraries
def test_ten_thousand_rules_have_the_dates_that_two_libraries_find() -> None:
    """Each difference is one that is known; where both differ from ours, they also differ from one another."""
    asked = list(cases(NUMBER, seed=SEED))
    known: Counter[tuple[str, str]] = Counter()
    unknown, alone = [], 0
    for case, answers in zip(asked, ask(asked, limit=LIMIT), strict=True):
        ours = dates(case)
        others = {library: theirs for library, theirs in answers.items() if theirs != ours}
        alone += len(others) == len(answers)
        agreed = len(others) > 1 and len(set(map(str, others.values()))) == 1 and all(others.values())
        for library, theirs in others.items():
            why = explanation(library, case, ours, theirs, dates)
            known[library, why or ""] += 1
            if why is None or agreed:
                unknown.append(f"{library}: {case}\n  ours   {ours}\n  theirs {theirs}")
    told = [f"{times} {library}: {why}" for (library, why), times in known.most_common()]
    print(f"{alone} of {NUMBER} rules are read by us alone", *told, sep="\n")
    assert not unknown, "\n".join([*told, *unknown[:20]])


def test_dateutil_alone_differs_where_it_is_known_to() -> None:
    """What it finds without what is done for it here."""
    unknown = []
    for case in cases(1000, seed=SEED):
        ours, theirs = dates(case), ask_dateutil(case, limit=LIMIT)
        if theirs != ours and explanation("dateutil", case, ours, theirs, dates) is None:
            unknown.append(f"{case}\n  ours   {ours}\n  theirs {theirs}")
    assert not unknown, "\n".join(unknown[:20])


def dates(case: Case) -> list[str]:
    """Ours."""
    return [said(occurrence.on or occurrence.at or occurrence.shown) for occurrence in case.series.coming(LIMIT)]
