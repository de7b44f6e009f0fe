"""What `caldav-server-tester` finds of the service, feature by feature."""

import ast
import re

import pytest

from core.types import UserId
from tests.calendars.clients.between import events
from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.programs import PROGRAMS, needs_programs, run
from tests.stack import TOP, new_user

FEATURES = 97
"""That this version tries; of what it could not try it tells as well."""


@pytest.fixture
def user() -> UserId:
    """With a letter that programs write in two ways where it is part of a path."""
    return UserId(f"{new_user()}@example.org")


@needs_programs
def test_each_feature_is_there_or_has_its_reason(owned: Owned, user: UserId) -> None:
    """All is supported in full but for what the table in `docs/calendars.md` gives a reason for."""
    between, password = owned.between(there=events.hide, back=events.show)
    account = ("--caldav-url", f"{between.url}/dav/", "--caldav-username", user, "--caldav-password", password)
    what = ("--caldav-calendar", "Tasks", "--format", "hints")
    said = run(PROGRAMS / "caldav-server-tester", *account, *what, home=owned.home())
    found: dict[str, dict[str, str]] = ast.literal_eval(said[said.index("\n{\n") :].strip())
    assert len(found) >= FEATURES
    lacking = {
        name: support for name, verdict in found.items() if (support := verdict.get("support", "full")) != "full"
    }
    assert lacking == _with_a_reason()
    assert not [each for each in between.told if each.status >= 500]


def _with_a_reason() -> dict[str, str]:
    """The table's first two columns, of which the first may name several."""
    page = (TOP / "docs/calendars.md").read_text()
    [section] = re.findall(r"^## What a tester finds$(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    rows = [row.split("|")[1:-1] for row in section.splitlines() if row.startswith("| `")]
    return {name: support.strip() for names, support, _ in rows for name in re.findall("`(.*?)`", names)}
