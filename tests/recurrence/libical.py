"""What libical finds: in a process of its own, because there are rules on which it dies, or never ends."""

import ctypes
import ctypes.util
import json
import signal
import subprocess
import sys
from calendar import timegm
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tests.stack import TOP

LIBRARY = ctypes.util.find_library("ical")

PROCESSOR_SECONDS = 2
"""For one rule, of the processor's time; what others take of it does not count."""

Question = tuple[str, str, int]
"""A rule, its start and how many dates."""


def ask(questions: Sequence[Question]) -> Iterator[list[str] | None]:
    """Its answers in their order; None where it did not live to tell."""
    while questions:
        told = subprocess.run(
            [sys.executable, "-m", __name__],
            cwd=TOP,
            input="".join(json.dumps(question) + "\n" for question in questions),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        ).stdout.splitlines()
        yield from map(json.loads, told)
        questions = questions[len(told) :]
        if questions:
            yield None
            questions = questions[1:]


def _expand(rule: str, start: datetime, limit: int) -> list[str]:
    expand = ctypes.CDLL(LIBRARY).icalrecur_expand_recurrence
    expand.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_int, ctypes.POINTER(ctypes.c_int64)]
    found = (ctypes.c_int64 * (limit + 1))()
    signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_SECONDS)  # and then the process ends
    expand(rule.encode(), timegm(start.timetuple()), len(found), found)
    times = [datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) for seconds in found if seconds]
    return [when.isoformat() for when in times if when > start][:limit]


if __name__ == "__main__":
    for line in sys.stdin:
        rule, start, limit = json.loads(line)
        sys.stdout.write(json.dumps(_expand(rule, datetime.fromisoformat(start), limit)) + "\n")
        sys.stdout.flush()
