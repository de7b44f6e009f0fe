"""`make contract`: schemathesis over the running service, all checks, all phases, at least 5,000 cases, no failure."""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stack import TOP, Stack, folder, new_user
from tests.tokens import shared_secret_token

ENOUGH = 5000
EXAMPLES = 200
CONFIGURATION = Path(__file__).parent / "schemathesis.toml"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What schemathesis reports of a run of so many examples. What it calls skipped are probes that its checks send."""

    examples: int
    exit_code: int
    report: dict[str, Any]
    output: str

    @property
    def cases(self) -> int:
        return int(self.report["test_cases"]["generated"])

    @property
    def scenarios(self) -> int:
        """Of the stateful phase, which ends early, and says nothing, when a scenario goes another way when replayed."""
        found = re.search(r"Scenarios:\s+(\d+)", self.output)
        return int(found[1]) if found else 0

    @property
    def passed(self) -> bool:
        """Nothing failed, nothing could not be tried, nothing was left out, no phase ended early."""
        operations, phases = self.report["operations"], self.report["phases"]
        return (
            self.exit_code == 0
            and self.report["complete"]
            and not (self.report["failures"] or self.report["errors"] or self.report["filtered"])
            and operations["total"] == operations["selected"] == operations["tested"]
            and all(phase["status"] == "success" for phase in phases.values())
            and self.scenarios >= self.examples
        )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="drawn per operation and phase")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to see it again")
    parser.add_argument("--least", type=int, default=ENOUGH, help="with fewer cases than that it counts as failed")
    options = parser.parse_args(arguments)
    with folder() as path, Stack(path) as stack:
        outcome = run(stack, examples=options.examples, seed=options.seed, show=True)
    verdict = "passed" if outcome.passed and outcome.cases >= options.least else "FAILED"
    figures = f"{outcome.cases} cases, {outcome.scenarios} scenarios, {len(outcome.report['failures'])} failures"
    print(f"{verdict}: {figures}")  # noqa: T201
    return 0 if verdict == "passed" else 1


def run(stack: Stack, *, examples: int, seed: int | None, show: bool = False) -> Outcome:
    """Start the API, let schemathesis loose on it, and read its report."""
    api = stack.api(LIMIT_READS_RATE="0", LIMIT_WRITES_RATE="0")  # tests/integration has them
    users, report = stack.folder / "users.json", stack.folder / "report.json"
    users.write_text(json.dumps({"auth": [_user("alice"), _user("bob")]}))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION)]
    command += ["run", f"{api.url}/openapi.json", "--max-examples", str(examples), "--report-json-path", str(report)]
    command += ["--seed", str(seed)] if seed is not None else []
    environment = stack.environment(CONTRACT_USERS=str(users), PYTHONPATH=str(TOP))
    lines = []
    with subprocess.Popen(
        command, cwd=TOP, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        for line in running.stdout or ():
            lines.append(line)
            if show:
                sys.stdout.write(line)
                sys.stdout.flush()
    api.stop()
    return Outcome(examples, running.returncode, json.loads(report.read_text()), "".join(lines))


def _user(name: str) -> dict[str, Any]:
    """An entry of a Web Fuzzing Commons file; the token outlives the run."""
    token = shared_secret_token(new_user(), exp=int(time.time()) + 86_400)
    return {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
