"""A process whose clock is wrong is the product all the same."""

import subprocess
import sys

from tests.stack import TOP

PROGRAM = """
import time
import tests.consistency.launch  # as it is done: libraries have seen the right clock's class already
from tests.consistency.parts.clock import shift_clock

before = time.time()
shift_clock(3600)
import datetime, api.main, worker.main
from api.imports.detect import FORMATS

assert 3590 < time.time() - before < 4000
assert abs(datetime.datetime.now(datetime.UTC).timestamp() - time.time()) < 100
assert isinstance(datetime.date(2026, 1, 1), datetime.date) and FORMATS
"""


def test_whatever_is_imported_later_takes_the_clock_as_it_is_then() -> None:
    """All of the API and of the worker, with what makes schemas of dates."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=TOP, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
