"""`python -m loadtests.bench.paging`: pages and the export of 100,000 tasks of one user; what depth and size cost.

A page's time is that of a miss: each request is another question, so the cache has the answer to none of them.
"""

import argparse
import http.client
import itertools
import json
import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.plan import HOST
from loadtests.bench.stage import traffic
from loadtests.bench.stage.machine import Cores
from loadtests.bench.stage.stage import Server, Stage, stage

TASKS = 100_000
LIMIT = 400
"""Not the default, which links leave out."""

ROUNDS = 25
ORDERS = ("-created", "title", "due_date")
OWNER = "owner-of-many"

MOST_RATIO = 1.5
MOST_MEGABYTES = 50

FILL = """
INSERT INTO tasks (user_id, title, description, priority, due_on, tags, created_at, updated_at)
SELECT %(owner)s, 'Task ' || md5(n::text), 'Chapter ' || n || ', see the folder of last year', 'high',
    CASE WHEN n %% 3 > 0 THEN '2030-01-01'::date + n %% 1000 END, '{work}',
    now() - make_interval(secs => n), now() - make_interval(secs => n)
FROM generate_series(1, %(tasks)s) n
"""


@dataclass(frozen=True, slots=True)
class Depth:
    """Median milliseconds of the first and the last page of a list, and the median of the rounds' ratios."""

    order: str
    pages: int
    first: float
    last: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Export:
    """What the API process needed for it at its peak beyond what it had before; None where the system does not tell."""

    megabytes: float
    seconds: float
    additional: float | None


class Reader:
    """One connection of the owner's."""

    def __init__(self, server: Server, bearer: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, server.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {bearer}"}

    def close(self) -> None:
        self._connection.close()

    def open(self, path: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path} was answered with {answer.status}")
        return answer

    def timed(self, path: str) -> float:
        """Milliseconds until the last byte of a page that was not cached."""
        began = time.perf_counter()
        answer = self.open(path)
        answer.read()
        elapsed = time.perf_counter() - began
        if answer.headers["x-cache"] != "miss":
            raise RuntimeError(f"{path} was no miss")
        return elapsed * 1000

    def pages(self, path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """From link to link: the path of each page, and its tasks."""
        while path:
            answer = self.open(path)
            tasks = json.loads(answer.read())
            yield path, tasks
            link = re.match(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
            path = link[1] if link else ""


def fill(on: Stage) -> None:
    on.sql(FILL, owner=OWNER, tasks=TASKS)
    on.sql("VACUUM ANALYZE tasks")


def depth(reader: Reader, order: str, *, rounds: int) -> Depth:
    """Walk to the end, then take the first and the last full page in turn; no task may be missing or come twice."""
    walk = [
        (path, {task["id"] for task in tasks}) for path, tasks in reader.pages(f"/api/tasks?limit={LIMIT}&sort={order}")
    ]
    if len(set().union(*(ids for _, ids in walk))) != TASKS or sum(len(ids) for _, ids in walk) != TASKS:
        raise RuntimeError(f"the pages by {order} do not show every task once")
    ends = (walk[0][0], walk[-1][0])
    limits = itertools.count(LIMIT - 1, -1)
    times = []
    for _ in range(rounds):
        size = f"limit={next(limits)}"
        times.append(tuple(reader.timed(re.sub(r"limit=\d+", size, path)) for path in ends))
    first, last = (statistics.median(column) for column in zip(*times, strict=True))
    return Depth(order, len(walk), first, last, statistics.median(two / one for one, two in times))


def export(reader: Reader, pid: int) -> Export:
    """All of it as JSON, taken as quickly as it comes."""
    before = _reset_peak(pid)
    began = time.perf_counter()
    answer = reader.open("/api/tasks/export?format=json")
    chunks = list(iter(lambda: answer.read(1 << 20), b""))
    seconds = time.perf_counter() - began
    peak = _megabytes(pid, "VmHWM")
    body = b"".join(chunks)
    if len(json.loads(body)["tasks"]) != TASKS:
        raise RuntimeError("the export does not have every task")
    return Export(len(body) / 2**20, seconds, peak - before if before and peak else None)


def _reset_peak(pid: int) -> float | None:
    """The resident memory now, which is from now on the highest so far."""
    reset = Path(f"/proc/{pid}/clear_refs")
    if not reset.exists():
        return None
    reset.write_text("5")
    return _megabytes(pid, "VmRSS")


def _megabytes(pid: int, name: str) -> float | None:
    status = Path(f"/proc/{pid}/status")
    found = re.search(rf"^{name}:\s+(\d+) kB$", status.read_text(), re.MULTILINE) if status.exists() else None
    return int(found[1]) / 1024 if found else None


def as_text(depths: list[Depth], exported: Export) -> str:
    lines = [
        f"paging {TASKS:,} tasks by {each.order}: page 1 in {each.first:.1f} ms, page {each.pages} in {each.last:.1f}"
        f" ms, ratio {each.ratio:.2f} (at most {MOST_RATIO})"
        for each in depths
    ]
    memory = "unknown here" if exported.additional is None else f"{exported.additional:.1f} MB"
    lines.append(
        f"exporting them: {exported.megabytes:.0f} MB in {exported.seconds:.1f} s,"
        f" additional memory {memory} (below {MOST_MEGABYTES} MB)"
    )
    return "\n".join(lines)


def is_met(depths: list[Depth], exported: Export) -> bool:
    return max(each.ratio for each in depths) <= MOST_RATIO and (exported.additional or 0) < MOST_MEGABYTES


def main() -> int:
    """0 when both goals are met, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.paging", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often a page is taken (%(default)s)")
    rounds = parser.parse_args().rounds
    with stage(Cores.choose()) as on:
        fill(on)
        server = on.tasklane()
        with closing(Reader(server, traffic.token(OWNER, on.secret))) as reader:
            exported = export(reader, server.pid)
            depths = [depth(reader, order, rounds=rounds) for order in ORDERS]
    print(as_text(depths, exported))
    return 0 if is_met(depths, exported) else 1


if __name__ == "__main__":
    sys.exit(main())
