"""What is no object is refused with the line and the precondition, and nothing takes for ever."""

import pytest

from api.tasks.objects import read, write
from core.errors import InvalidCalendar
from tests.calendars.kept.hostile import HOSTILE
from tests.calendars.objects import task_of, todo

DATA, OBJECT, COMPONENT = "valid-calendar-data", "valid-calendar-object-resource", "supported-calendar-component"

WHOLE = todo("SUMMARY:x")
TWICE = WHOLE.replace(b"END:VCALENDAR", b"BEGIN:VTODO\r\nUID:%s\r\nEND:VTODO\r\nEND:VCALENDAR")

REFUSED: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", DATA, "line 1"),
    "no calendar": (b"Hello\r\n", DATA, "line 1 is no line"),
    "no UTF-8": (todo("SUMMARY:x").replace(b"SUMMARY:x", b"SUMMARY:\xff"), DATA, "line 7 must be UTF-8"),
    "a NUL": (todo("SUMMARY:a\0b"), DATA, "line 7 has a NUL"),
    "no end": (WHOLE.removesuffix(b"END:VCALENDAR\r\n"), DATA, "line 8 is the last one"),
    "another end": (WHOLE.replace(b"END:VTODO", b"END:VEVENT"), DATA, "line 8 ends a component"),
    "two calendars": (WHOLE + WHOLE, DATA, "line 10 begins a component"),
    "outside": (WHOLE + b"X:1\r\n", DATA, "line 10 is outside"),
    "no name": (todo(":x"), DATA, "line 7 is no line"),
    "no date": (todo("DUE:tomorrow"), DATA, "line 7 has no date or time for DUE"),
    "no day of the calendar": (todo("DTSTART;VALUE=DATE:20260230"), DATA, "line 7 has no date or time for DTSTART"),
    "no moment": (todo("STATUS:COMPLETED", "COMPLETED:yes"), DATA, "line 8 has no date or time for COMPLETED"),
    "a message": (WHOLE.replace(b"VERSION:2.0", b"METHOD:REQUEST"), OBJECT, "line 2 has a METHOD"),
    "no uid": (WHOLE.replace(b"UID:one@example.org", b"X:1"), OBJECT, "line 4 begins a VTODO without a UID"),
    "a long uid": (todo("SUMMARY:x", uid="u" * 501), OBJECT, "line 4 begins a VTODO with a UID of more than 500"),
    "two tasks": (TWICE.replace(b"%s", b"two"), OBJECT, "line 1 begins a calendar with more than one task"),
    "one task twice": (TWICE.replace(b"%s", b"one@example.org"), OBJECT, "with more than one task"),
    "an event": (WHOLE.replace(b"VTODO", b"VEVENT"), COMPONENT, "line 4 begins what is no VTODO"),
    "no task": (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", COMPONENT, "without a VTODO"),
    "too large": (todo("SUMMARY:" + "a" * 131_072), "max-resource-size", "must have at most 131072 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said(name: str) -> None:
    """By what RFC 4791 calls it, and for people with the line."""
    body, precondition, sentence = REFUSED[name]
    with pytest.raises(InvalidCalendar) as refused:
        read(body)
    assert (refused.value.precondition, sentence in refused.value.detail) == (precondition, True), refused.value


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_comes_is_a_task_or_refused(name: str) -> None:
    """And what is a task is one still when it was changed and is put again."""
    try:
        task = task_of(HOSTILE[name])
    except InvalidCalendar:
        return
    for change in ({"title": "x"}, {"tags": ["z"], "reminders": [1]}, {"due_date": "2026-05-05", "recurrence": None}):
        read(write({**task, **change}))


@pytest.mark.parametrize(
    "kept", ["", "x", "BEGIN:VCALENDAR", todo("DUE:tomorrow").decode(), "BEGIN:VCALENDAR\nEND:VCALENDAR"]
)
def test_what_is_kept_and_cannot_be_read_is_left_out(kept: str) -> None:
    """Whoever has written it there, past the service: the task is shown as it would be without it."""
    task = task_of(todo("SUMMARY:x", "DUE:20260301T100000Z"))
    without = write({**task, "calendar": None})
    assert write({**task, "calendar": {"name": None, "kept": kept, "as_is": False}}) == without
    assert b"SUMMARY:x\r\nDUE:20260301T100000Z" in without
