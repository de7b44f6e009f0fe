"""Objects that take long, or ask for more than there is, wherever somebody has not thought of it."""

from tests.calendars.objects import todo

_DAYS = [f"20{26 + number // 336:02d}{1 + number // 28 % 12:02d}{1 + number % 28:02d}T000000" for number in range(600)]
_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Z1",
    "BEGIN:STANDARD",
    "DTSTART:20000101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0100",
    *(f"RDATE:{','.join(_DAYS)}" for _ in range(4)),
    "END:STANDARD",
    "END:VTIMEZONE",
)
_SECONDS = (
    "BEGIN:VTIMEZONE",
    "TZID:Z2",
    "BEGIN:STANDARD",
    "DTSTART:00010101T000000",
    "RRULE:FREQ=SECONDLY",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
)
_ALARM = ("BEGIN:VALARM", "TRIGGER;VALUE=DATE-TIME;TZID=Z1:20260101T000000", "END:VALARM")

HOSTILE: dict[str, bytes] = {
    "a line of ten megabytes": b"BEGIN:VCALENDAR\r\nX:" + b"a" * 10_000_000,
    "100,000 properties": b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n" + b"X:1\r\n" * 100_000,
    "20,000 properties": b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n" + b"X:1\r\n" * 20_000,
    "as many as may be": todo(*["X:1"] * 4900),
    "as many of one as may be": todo(*(f"CATEGORIES:a{number},b" for number in range(4900))),
    "many parents": todo(*(f"RELATED-TO:{number}" for number in range(4900))),
    "many alarms on a strange clock": todo("DUE:20260101T000000Z", *_ALARM * 900, before=_ZONE),
    "many single dates on a strange clock": todo(
        "DUE;TZID=Z1:20260101T000000",
        "RRULE:FREQ=DAILY",
        *(f"EXDATE;TZID=Z1:{','.join(_DAYS)}" for _ in range(4)),
        before=_ZONE,
    ),
    "a clock that changes each second": todo("DUE;TZID=Z2:20260101T000000", before=_SECONDS),
    "a rule that seldom falls on a date": todo(
        "DUE;VALUE=DATE:20260101",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "EXDATE;VALUE=DATE:20260101",
    ),
    "a rule that never does": todo(
        "DUE;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYWEEKNO=1", "EXDATE;VALUE=DATE:20260101"
    ),
    "1,000 levels": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VTODO\r\n" * 1000,
    "30,000 parameters": todo("X" + ";A=b" * 30_000 + ":1"),
    "quotation marks": todo("X" + ';A="' * 30_000 + ":1"),
    "escapes": todo("CATEGORIES:" + "\\," * 40_000),
    "commas": todo("CATEGORIES:" + "a," * 40_000),
    "large numbers": todo(
        f"PRIORITY:{'9' * 30}",
        f"X-APPLE-SORT-ORDER:-{'9' * 30}",
        f"PERCENT-COMPLETE:{'9' * 29}",
        "DTSTART:99991231T000000Z",
        "DURATION:P9999W",
        "COMPLETED:00010101T000000",
    ),
    "the ends of time": todo(
        "DUE;TZID=Asia/Tokyo:00010101T000000",
        "BEGIN:VALARM",
        "TRIGGER;VALUE=DATE-TIME;TZID=America/New_York:99991231T235959",
        "END:VALARM",
    ),
}
