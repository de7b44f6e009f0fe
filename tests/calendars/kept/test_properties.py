"""Every property and parameter that a VTODO may have comes back, whatever becomes of the task meanwhile."""

from typing import Any

import pytest
from icalendar import Calendar

from api.tasks.objects import write
from tests.calendars.kept.properties import STANDARDS, Case
from tests.calendars.objects import task_of, todo

CASES = [
    pytest.param(case, id=f"{standard}: {name}")
    for standard, cases in STANDARDS.items()
    for name, case in cases.items()
]
CHANGED_WITH_ANY = ("DTSTAMP", "LAST-MODIFIED")

CHANGES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "title": (
        "Another; title, \\ longer than what fits into one line of seventy-five octets, ä and \U0001f600",
        ("SUMMARY",),
    ),
    "description": ("Another\nline", ("DESCRIPTION",)),
    "priority": ("low", ("PRIORITY",)),
    "due_date": ("2027-05-06", ("DUE", "DTSTART", "DURATION")),
    "tags": (["other, and", "tags"], ("CATEGORIES",)),
    "parent_uid": ("another-parent", ("RELATED-TO",)),
    "reminders": ([], ("VALARM",)),
}


def lines_of(body: bytes) -> list[str]:
    """Unfolded."""
    return body.decode().replace("\r\n ", "").splitlines()


@pytest.mark.parametrize("case", CASES)
def test_a_task_has_of_it_what_it_can(case: Case) -> None:
    """In the members that there are for it."""
    task = task_of(todo(*case.lines))
    for name, value in case.task:
        wanted = str(value).replace(":", "") if name == "position" else value
        assert task[name] == wanted, name


@pytest.mark.parametrize("case", CASES)
def test_what_is_put_is_what_is_got(case: Case) -> None:
    """To the octet, also where it is compared with the task line by line."""
    body = todo(*case.lines)
    assert write(task_of(body)) == body


@pytest.mark.parametrize("member", CHANGES)
@pytest.mark.parametrize("case", CASES)
def test_a_change_of_the_task_changes_what_says_it(case: Case, member: str) -> None:
    """All other lines are there to the letter and in their order; what is changed is read again as it is."""
    value, theirs = CHANGES[member]
    body = todo("SUMMARY:Before", *case.lines) if "SUMMARY" not in case.lines[0] else todo(*case.lines)
    task = task_of(body, **{member: value})
    got = write(task)
    names = (*theirs, *CHANGED_WITH_ANY)

    def others(lines: list[str]) -> list[str]:
        return [line for line in lines if not line.startswith(names)]

    if member != "reminders":
        assert others(lines_of(got)) == others(lines_of(body))
    again = task_of(got)
    assert {name: again[name] for name in CHANGES} == {name: task[name] for name in CHANGES}
    assert all(len(line) <= 75 for line in got.splitlines())


@pytest.mark.parametrize("case", CASES)
def test_another_library_reads_the_same(case: Case) -> None:
    """icalendar finds what was put in what is got after a change, but for what was changed."""
    body = todo("SUMMARY:Before", *case.lines) if "SUMMARY" not in case.lines[0] else todo(*case.lines)
    before, after = (Calendar.from_ical(text).walk("VTODO")[0] for text in (body, write(task_of(body, title="After"))))
    assert after["SUMMARY"] == "After"
    for name in CHANGED_WITH_ANY:
        before.pop(name, None)
        after.pop(name, None)
    before.pop("SUMMARY")
    after.pop("SUMMARY")
    assert before.to_ical() == after.to_ical()
