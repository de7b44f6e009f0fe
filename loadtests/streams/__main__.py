"""`python -m loadtests.streams`: what many open event streams cost one API process, and how late an event comes.

`rest`: the memory of a stream, and the process's share of a core while nothing but heartbeats happens. `lag`: how long
after its acknowledgement a write reaches the streams of its user; then the same beside as many plain GETs, each asked
at that moment. `end`: what SIGTERM does. `away`: how late all are told while Redis is silent. `hung`: what readers
cost who take nothing. Writes go to another process.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

from loadtests.streams.crowd import Crowd, quantiles
from loadtests.streams.endings import away, end, hang
from tests.stack import ApiProcess, Stack, folder

PARTS = ("rest", "lag", "end", "away", "hung")
SETTLING_SECONDS = 3
AS_SHIPPED = {
    "LIMIT_READS_RATE": "0",
    "LIMIT_WRITES_RATE": "0",
    "REDIS_TIMEOUT": "0.1",
    "DATABASE_TIMEOUT": "2.5",
    "DATABASE_STATEMENT_TIMEOUT": "2",
}
"""But for the limits; the tests' own settings have more patience than a service."""

Row = dict[str, object]


async def rest_and_lag(options: argparse.Namespace, reading: ApiProcess, writing: ApiProcess) -> None:
    """Both with the same streams."""
    crowd = Crowd.of(options.users, reading, writing)
    process = psutil.Process(reading.pid)
    await crowd.begin()
    before, began = process.memory_info().rss, time.perf_counter()
    await crowd.connect(options.streams)
    connected = time.perf_counter() - began
    memory = (process.memory_info().rss - before) / options.streams
    await asyncio.sleep(SETTLING_SECONDS)
    say("streams", {"streams": len(crowd.everyone), "users": options.users, "connected in s": round(connected, 1)})
    if "rest" in options.only:
        cpu = _seconds(process)
        await asyncio.sleep(options.rest)
        share = 100 * (_seconds(process) - cpu) / options.rest
        say("at rest", {"memory each, kB": round(memory / 1000, 1), "CPU, % of a core": round(share, 2)})
    if "lag" in options.only:
        for ask in (False, True):
            await _lag(crowd, options, process, ask=ask)


async def _lag(crowd: Crowd, options: argparse.Namespace, process: psutil.Process, *, ask: bool) -> None:
    cpu, own = _seconds(process), time.process_time()
    took = await crowd.write(options.rate, options.seconds, ask=ask)
    busy, own = _seconds(process) - cpu, time.process_time() - own
    await asyncio.sleep(SETTLING_SECONDS)
    writes = sum(map(len, crowd.written.values()))
    say(
        "events beside GETs" if ask else "events",
        {
            "lag, ms": quantiles(crowd.lags()),
            "writes per s": round(writes / took),
            "came": f"{sum(reader.events for reader in crowd.everyone)} of {crowd.expected}",
            "lost streams": sum(reader.lost for reader in crowd.everyone),
            "CPU, % of a core": round(100 * busy / took, 1),
            "of this script": round(100 * own / took, 1),
        },
    )
    if ask:
        say("those GETs", {"took, ms": quantiles(crowd.asked), "GETs per s": round(len(crowd.asked) / took)})


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def say(name: str, row: Row) -> None:
    sys.stdout.write(f"{name:20} {json.dumps(row | {'load': round(os.getloadavg()[0], 1)})}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=200, help="writes per second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rest", type=float, default=30, help="seconds without a write")
    parser.add_argument("--ending", type=int, default=1000, help="streams of a process that is told to end")
    parser.add_argument("--away", type=float, default=10, help="seconds for which Redis is silent")
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=PARTS, help=",".join(PARTS))
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    with folder() as path, Stack(path) as stack:

        def run(part: Callable[[ApiProcess, ApiProcess], Awaitable[None]]) -> None:
            async def awaited() -> None:
                await part(reading, writing)

            reading, writing = (stack.api(start=True, **AS_SHIPPED) for _ in range(2))
            asyncio.run(awaited())
            reading.stop()
            writing.stop()

        stack.worker(start=True, **AS_SHIPPED)
        if {"rest", "lag"} & set(options.only):
            run(lambda reading, writing: rest_and_lag(options, reading, writing))
        if "end" in options.only:
            run(lambda reading, writing: end(options.ending, reading, writing, say))
        if "away" in options.only:
            run(lambda reading, writing: away(100, options.away, stack.redis, (reading, writing), say))
        if "hung" in options.only:
            run(lambda reading, writing: hang(reading, writing, say))


if __name__ == "__main__":
    main()
