"""`python -m deploy.local` runs the stack in this terminal; `… token USER` prints a token, `… page` builds the page."""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from core.errors import TasklaneError
from deploy.local import stack, tokens
from deploy.local.page import Frontend
from deploy.local.plan import TOP, Plan


def main(arguments: list[str] | None = None) -> int:
    """0 when it did what was wanted, a requested stop included; else 1 and a plain sentence."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "page":
            return _build_page()
        plan = Plan.read()
        if options.command == "token":
            print(tokens.issue(plan, options.user, days=options.days))
        else:
            stack.up(plan)
    except (TasklaneError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _build_page() -> int:
    """0 without Node as well: whoever needs the page says so."""
    frontend = Frontend(TOP / "frontend")

    def run(text: str, command: Sequence[str]) -> bool:
        print(text, flush=True)
        return subprocess.run(command, cwd=TOP, check=False).returncode == 0

    if obstacle := frontend.obstacle():
        print(f"no page: {obstacle}")
        return 0
    failed = frontend.build(run, install=True)
    if failed:
        print(f"no page: {failed}", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="The embedded stack.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("up", help="start everything, until Ctrl-C (the default)")
    commands.add_parser("page", help="build the page and the sign-in, where Node is")
    token = commands.add_parser("token", help="print a token for the running stack")
    token.add_argument("user", help="whom it is for: any name")
    token.add_argument("--days", type=int, default=tokens.DEFAULT_DAYS, help="how long it lasts (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
