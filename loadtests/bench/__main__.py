"""`python -m loadtests.bench`: measure, print, and write JSON, a plot and the tables of docs/performance/README.md."""

import argparse
import signal
import sys
from pathlib import Path

from core.errors import TasklaneError
from loadtests.bench.measure import BenchFailed
from loadtests.bench.report import report
from loadtests.bench.report.figures import Figures
from loadtests.bench.run import Options, bench
from loadtests.bench.stage import wrk

TOP = Path(__file__).resolve().parents[2]
INTERRUPTED = 130
STOPPED = 143
FOLDER = TOP / "docs" / "performance"


def main(arguments: list[str] | None = None) -> int:
    """0 when everything could be measured, goals met or not; 1 and a sentence when not."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))  # so that what was started is stopped
    if sentence := wrk.missing():
        print(sentence, file=sys.stderr)
        return 1
    options = Options(
        asked.rounds, asked.seconds, asked.connections, asked.only, not asked.no_probes, asked.verbose, asked.before
    )
    try:
        found = bench(options, lambda text: print(text, flush=True))
    except (BenchFailed, wrk.WrkFailed, TasklaneError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    figures = Figures(found.samples)
    print(report.as_text(found, figures))
    if asked.only or asked.no_probes:
        print("A part of the bench only: docs/performance stays as it is.")
    else:
        report.write(found, figures, FOLDER)
        print(f"Written to {FOLDER.relative_to(TOP)}: results.json, throughput.png and the tables of README.md.")
    return 0


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (%(default)s)")
    parser.add_argument("--seconds", type=int, default=3, help="how long each time (%(default)s)")
    parser.add_argument("--connections", type=_numbers, default=(1, 32, 256), help="1,32,256")
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=(), help="names of scenarios")
    parser.add_argument("--no-probes", action="store_true", help="rates only")
    parser.add_argument("--before", type=lambda path: Path(path).resolve(), help="a checkout to compare writes with")
    parser.add_argument("--verbose", action="store_true", help="a line per measurement")
    return parser


if __name__ == "__main__":
    sys.exit(main())
