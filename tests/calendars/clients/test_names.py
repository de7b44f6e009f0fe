"""UIDs of all kinds, which programs make names and addresses of in ways of their own."""

import httpx
import pytest

from tests.calendars.clients.conftest import Owned
from tests.calendars.clients.devices.devices import Device, Files, todo_file
from tests.calendars.clients.devices.programs import needs_programs, needs_syncevolution

UIDS = (
    *(
        "a/b",
        "a//b",
        "/a",
        "a b",
        "ä€😀",
        "x@y.org",
        "a%41b",
        "q?w#e",
        "a+b=c&d",
        "a;b",
        "a,b",
        "..",
        ".",
        ".a",
        "x" * 200,
    ),
    *("C:\\d", "{1}", "<a>", "a'b\"c", "*", "~a", "A", "[1]", "a|b^c`"),
)

pytestmark = needs_programs


@pytest.mark.parametrize("kind", ["laptop", pytest.param("phone", marks=needs_syncevolution)])
def test_whatever_a_uid_is_the_task_is_there(owned: Owned, alice: httpx.Client, kind: str) -> None:
    """Put by a script, got by another program, put back by that under UIDs of the same kinds; once each.

    (SyncEvolution takes a slash in the UID of what it puts for one in the address.)
    """
    script = owned.script()
    device: Files = owned.laptop() if kind == "laptop" else owned.phone()
    for uid in UIDS:
        script.aide("put", _file(uid))
    script.sync()
    device.sync()
    assert _uids(script) == _uids(device) == set(UIDS)
    back = [f"{uid}-2" for uid in UIDS if kind == "laptop" or "/" not in uid]
    for number, uid in enumerate(back):
        device.write(_file(uid), f"file-{number}")
    device.sync()
    script.sync()
    assert len(alice.get("/api/tasks").json()) == len(UIDS) + len(back)
    assert _uids(script) == _uids(device) == {*UIDS, *back}
    before = device.between.writes()
    device.sync()
    assert device.between.writes() == before


def _uids(device: Device) -> set[str]:
    told = [task["uid"] for task in device.told()]
    assert len(told) == len(set(told))
    return set(told)


def _file(uid: str) -> str:
    escaped = uid.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return todo_file(escaped).replace("END:VTODO", "SUMMARY:Named\r\nEND:VTODO")
