"""`python -m loadtests.bench.soak`: an API process under mixed load for a quarter of an hour, and what memory it takes.

Writes the table `memory` of docs/performance/README.md. It says nothing of speed, so the machine may be busy.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import TasklaneError
from loadtests.bench.__main__ import FOLDER, INTERRUPTED, STOPPED
from loadtests.bench.costs import probes
from loadtests.bench.measure import BenchFailed
from loadtests.bench.report import report
from loadtests.bench.run import FIRST_TASKS
from loadtests.bench.stage import traffic, wrk
from loadtests.bench.stage.machine import Cores
from loadtests.bench.stage.stage import Server, Stage, seed, stage

CONNECTIONS = 32
STEP_SECONDS = 15
MARKS_MINUTES = (0, 1, 5, 10, 15)
MOST_GROWTH = 50
DRAWN = 20_000
KINDS = ("create", "update", "update", *["task"] * 4, *["pending"] * 3, *["list"] * 10)
"""What follows each other; a write makes misses of what the same user reads next."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The process after so many minutes and requests."""

    minutes: float
    requests: int
    megabytes: float


def soak(minutes: float) -> list[Mark]:
    """Raises what `bench` raises."""
    with stage(Cores.choose()) as on:
        seed(on)
        api = on.tasklane()
        on.worker()
        started = Mark(0, 0, probes.megabytes(api.pid))
        return [started, *_marks(on, api, _mixed(on), minutes)]


def _mixed(on: Stage) -> Path:
    """Reads and writes of the same thousand users."""
    users = traffic.writers()
    tokens = {user: traffic.token(user, on.secret) for user in users}
    own = {str(user): f"/api/tasks/{task}" for user, task in on.sql(FIRST_TASKS)}

    def request(number: int, user: str) -> bytes:
        match KINDS[number % len(KINDS)]:
            case "create":
                return traffic.raw("POST", "/api/tasks", tokens[user], body=traffic.new_task(number % 97))
            case "update":
                return traffic.raw("PATCH", own[user], tokens[user], body={"title": f"Draft {number}"})
            case "task":
                return traffic.raw("GET", own[user], tokens[user])
            case "pending":
                return traffic.raw("GET", "/api/tasks?status=pending&limit=50", tokens[user])
            case _:
                return traffic.raw("GET", "/api/tasks?limit=50", tokens[user])

    requests = [request(number, user) for number, user in enumerate(traffic.zipf(users, DRAWN))]
    return traffic.write_file(on.folder / "mixed.requests", requests)


def _marks(on: Stage, api: Server, requests: Path, minutes: float) -> Iterator[Mark]:
    began, count = time.monotonic(), 0
    due = [mark for mark in MARKS_MINUTES if 0 < mark < minutes] + [minutes]
    while due:
        run = wrk.run(api.url, requests, connections=CONNECTIONS, seconds=STEP_SECONDS, cores=on.cores)
        count += run.requests
        if run.refused or run.broken:
            raise BenchFailed(f"{run.refused} requests were refused and {run.broken} had no answer")
        passed = (time.monotonic() - began) / 60
        if passed >= due[0]:
            yield Mark(due.pop(0), count, probes.megabytes(api.pid))


def as_table(marks: list[Mark]) -> str:
    """What a row tells: minutes of load, requests so far, memory, and by how much that is more than at the start."""
    first = marks[0].megabytes
    rows = [
        (f"{mark.minutes:g}", f"{mark.requests:,}", f"{mark.megabytes:.0f} MB", f"{mark.megabytes - first:+.0f} MB")
        for mark in marks
    ]
    return report.table(("minutes", "requests", "memory", f"more (goal: at most {MOST_GROWTH} MB)"), rows)


def main(arguments: list[str] | None = None) -> int:
    """0 when it could be measured; 1 and a sentence when not."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MARKS_MINUTES[-1], help="how long (%(default)s)")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))
    if sentence := wrk.missing():
        print(sentence, file=sys.stderr)
        return 1
    try:
        marks = soak(asked.minutes)
    except (BenchFailed, wrk.WrkFailed, TasklaneError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    table = as_table(marks)
    print(table)
    if asked.minutes >= MARKS_MINUTES[-1]:
        readme = FOLDER / "README.md"
        readme.write_text(report.replaced(readme.read_text(), {"memory": table}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
