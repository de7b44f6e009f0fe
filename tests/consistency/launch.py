"""Runs a part of the product altered on purpose, for a test: `python -m tests.consistency.launch [--mutant NAME]
[--clock SECONDS] MODULE ARGUMENTS…`. Nothing of this is in the product's own code.
"""

import argparse
import runpy
import sys

from tests.consistency.altered.mutants import MUTANTS
from tests.consistency.parts.clock import shift_clock


def main() -> None:
    """Alter, then be the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.consistency.launch", description=__doc__)
    parser.add_argument("--mutant", choices=[mutant.name for mutant in MUTANTS])
    parser.add_argument("--clock", type=float, default=0.0)
    parser.add_argument("module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    if asked.clock:
        shift_clock(asked.clock)  # first: whoever is imported later takes the clock as it is then
    for mutant in MUTANTS:
        if mutant.name == asked.mutant:
            mutant.apply()
    sys.argv = [asked.module, *asked.arguments]
    runpy.run_module(asked.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
