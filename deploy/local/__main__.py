"""`python -m deploy.local` runs the stack in this terminal; `… token USER` prints a token, `… page` builds the page."""

import argparse
import sys

from core.errors import TasklaneError
from deploy.local import build, stack, tokens
from deploy.local.plan import TOP, Plan


def main(arguments: list[str] | None = None) -> int:
    """0 when it did what was wanted, a requested stop included; else 1 and a plain sentence."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "page":
            return build.main(TOP)
        plan = Plan.read()
        if options.command == "token":
            print(tokens.issue(plan, options.user, days=options.days))
        else:
            stack.up(plan)
    except (TasklaneError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


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
