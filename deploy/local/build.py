"""`python -m deploy.local.build` builds the page in this terminal.

It runs beside the installation of the Python packages, so neither it nor what it imports needs one.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.children.child import POLL, Child, Launch
from deploy.local.page import Frontend
from deploy.local.terminal.interruption import Interrupted, Interruption

INTERRUPTED = 130


class Step(Child):
    """A command at the top of the project; what it says goes into the log."""

    patience = 2.0  # npm ends what it does before it listens, and nothing is lost with it

    def __init__(self, command: Sequence[str], *, top: Path, log: Path) -> None:
        super().__init__(command[0], log=log)
        self._launch = Launch(command, cwd=top)

    def prepare(self) -> Launch:
        return self._launch

    def ready(self) -> bool:
        return self.running


def build(frontend: Frontend, *, log: Path) -> int:
    """Do what is missing. 0 without Node as well: whoever needs the page says so; else 1, and the end of the log."""

    def run(text: str, command: Sequence[str]) -> bool:
        print(text, flush=True)
        step = Step(command, top=frontend.folder.parent, log=log)
        step.launch()
        try:
            while step.running:
                interruption.sleep(POLL)
            if step.exit_code:
                print(step.log_tail().strip(), file=sys.stderr, flush=True)
            return step.exit_code == 0
        finally:
            step.stop()

    if obstacle := frontend.obstacle():
        print(f"no page: {obstacle}", flush=True)
        return 0
    with Interruption() as interruption, contextlib.suppress(Interrupted):
        failed = frontend.build(run, install=True)
        if failed:
            print(f"no page: {failed}", file=sys.stderr, flush=True)
        return 1 if failed else 0
    return INTERRUPTED


def main(top: Path, otherwise: str = "") -> int:
    """With the log where the stack has its own. Where `otherwise` says what is done without, failing is no error."""
    local = top / (os.environ.get("TASKLANE_LOCAL_DIR") or ".local")
    code = build(Frontend(top / "frontend"), log=local / "logs" / "page.log")
    if code != 1 or not otherwise:
        return code
    print(otherwise, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2], *sys.argv[1:2]))
