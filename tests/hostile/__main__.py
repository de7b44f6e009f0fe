"""What hostile imports cost an API process: its memory, and how long others wait meanwhile.

`python -m tests.hostile [imports]`: each kind once, then as many as are asked for one after another.
"""

import asyncio
import itertools
import sys
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.hostile import imports
from tests.stack import Stack, client, folder, new_user

PATHS = ("/livez", "/api/tasks")


def memory(pid: int, name: str) -> float:
    """MB of it, now (`VmRSS`) or at most (`VmHWM`)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def forget_the_most(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def longest_wait(url: str, token: str, done: asyncio.Event) -> float:
    """Seconds that the slowest of other people's requests takes until `done`."""
    longest = 0.0
    async with httpx.AsyncClient(base_url=url, headers={"authorization": token}, timeout=60) as other:
        for path in itertools.cycle(PATHS):
            began = time.perf_counter()
            await other.get(path)
            longest = max(longest, time.perf_counter() - began)
            if done.is_set():
                return longest
            await asyncio.sleep(0.003)
    raise AssertionError


async def attack(url: str, body: bytes, times: int = 1) -> tuple[Counter[int], float, float]:
    """The answers, how long they took, and the longest that somebody else waited."""
    answers: Counter[int] = Counter()
    done = asyncio.Event()
    with client(url, new_user()) as other, client(url, new_user()) as attacker:
        waiting = asyncio.create_task(longest_wait(url, other.headers["authorization"], done))
        headers = {"authorization": attacker.headers["authorization"], "content-type": "application/json"}
        await asyncio.sleep(0.2)
        began = time.perf_counter()
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as frontend:
            for _ in range(times):
                answers[(await frontend.post("/api/tasks/import", content=body)).status_code] += 1
        took = time.perf_counter() - began
        done.set()
        return answers, took, await waiting


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with folder() as path, Stack(path) as stack:
        api = stack.api(LIMIT_WRITES_RATE="0", LIMIT_READS_RATE="0")
        assert api.pid
        asyncio.run(attack(api.url, b'{"tasks":[]}'))
        before = memory(api.pid, "VmRSS")
        print(f"at rest {before:.0f} MB")
        for kind in (*imports.KINDS, imports.large_and_right):
            body = kind()
            forget_the_most(api.pid)
            start = memory(api.pid, "VmRSS")
            answers, took, waited = asyncio.run(attack(api.url, body))
            most, now = memory(api.pid, "VmHWM"), memory(api.pid, "VmRSS")
            memories = f"memory {start:.0f} -> {most:.0f} (+{most - start:.0f}) -> {now:.0f} MB"
            what = f"{kind.__name__:18} {len(body) / 1e6:5.1f} MB {dict(answers)} in {took:5.2f} s"
            print(f"{what}: {memories}, others waited {waited * 1000:.0f} ms", flush=True)
        bodies = [kind() for kind in imports.KINDS] if times else []
        total: Counter[int] = Counter()
        for number in range(times):
            answers, _, _ = asyncio.run(attack(api.url, bodies[number % len(bodies)]))
            total += answers
        print(f"{times} one after another: {dict(total)}, memory {before:.0f} -> {memory(api.pid, 'VmRSS'):.0f} MB")


if __name__ == "__main__":
    main()
