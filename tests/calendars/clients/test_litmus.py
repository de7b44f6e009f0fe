"""What `litmus`, the suite of WebDAV servers, finds of one without locks, with one collection and no properties set."""

import re

import pytest

from core.types import UserId
from tests.calendars.clients.between import plain_files
from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.programs import needs_litmus, run

LACKING = {
    "basic": {
        "options": "WARNING",  # no locks, so it is not of class 2
        # What would make a collection within the one that there is: 403 (RFC 4791, 5.3.1.2), whatever else is wrong.
        "put_no_parent": "WARNING",
        "mkcol_no_parent": "WARNING",
        "delete_fragment": "FAIL",
        "mkcol": "FAIL",
        "mkcol_with_body": "FAIL",
    },
    # What would set a property: 403 for each (RFC 4918, 9.2.1).
    "props": {"propset": "FAIL", "propmanyns": "FAIL", "propget": "FAIL"},
}
PASSED = {"basic": 8, "props": 11}


@needs_litmus
@pytest.mark.parametrize("suite", LACKING)
def test_what_applies_passes(owned: Owned, user: UserId, suite: str) -> None:
    """All but what makes collections or sets properties, and what comes after that."""
    between, password = owned.between(there=plain_files.hide, back=plain_files.show)
    url = f"{between.url}/dav/calendars/{user}/tasks/"
    said = run("litmus", url, "alice", password, home=owned.home(), fails=True, variables={"TESTS": suite})
    results = re.findall(r"^ *\d+\. (\w+)\.+ (pass|FAIL|WARNING|SKIPPED)", said.replace("\r", "\n"), re.MULTILINE)
    assert {name: result for name, result in results if result not in ("pass", "SKIPPED")} == LACKING[suite], said
    assert sum(result == "pass" for _, result in results) == PASSED[suite], said
