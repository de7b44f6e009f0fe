"""`python -m tests.streams`: as many streams as you like; 1 and the streams if the two processes differ in one."""

import argparse
import asyncio
import random
import sys
import time

from tests.streams.compare import compare, pair

SHOWN = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.streams", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="how many streams (%(default)s)")
    parser.add_argument("--seed", type=int, help="of the first one; the others count on from there")
    parser.add_argument("--lanes", type=int, default=4, help="how many at a time (%(default)s)")
    asked = parser.parse_args()
    seed = random.randrange(10**9) if asked.seed is None else asked.seed
    began = time.monotonic()
    with pair() as on:
        found = asyncio.run(compare(on, seed=seed, count=asked.count, lanes=asked.lanes))
    for difference in found.differences[:SHOWN]:
        sys.stdout.write(f"{difference}\n\n")
    sys.stdout.write(
        f"{found.streams:,} streams from seed {seed} on with {found.requests:,} requests in "
        f"{time.monotonic() - began:.0f} s, {found.direct_hits:,} of them answered directly: "
        f"{len(found.differences)} differences\n"
    )
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main())
