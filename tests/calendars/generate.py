"""VTODOs by chance, as clients write them, and what becomes of their tasks elsewhere."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from tests.calendars.objects import Document, todo

BERLIN = (
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Berlin",
    "BEGIN:DAYLIGHT",
    "DTSTART:19810329T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "TZNAME:CEST",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "DTSTART:19961027T030000",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "TZNAME:CET",
    "END:STANDARD",
    "END:VTIMEZONE",
)
NEW_YORK = (
    "BEGIN:VTIMEZONE",
    "TZID:America/New_York",
    "BEGIN:DAYLIGHT",
    "DTSTART:20070311T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
    "TZOFFSETFROM:-0500",
    "TZOFFSETTO:-0400",
    "TZNAME:EDT",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "DTSTART:20071104T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
    "TZOFFSETFROM:-0400",
    "TZOFFSETTO:-0500",
    "TZNAME:EST",
    "END:STANDARD",
    "END:VTIMEZONE",
)
ZONES = {"Europe/Berlin": BERLIN, "America/New_York": NEW_YORK}

_LETTERS = "abcdefghij KLMNOP\u00e4\u00df\u0416\u4e2d\U0001f600,;\\:\"'=^|%"
_RULES = (
    "FREQ=DAILY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=WEEKLY;BYDAY=MO,WE",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=YEARLY;COUNT=4",
    "FREQ=DAILY;UNTIL=20301231T000000Z",
)
_OTHERS = (
    "CLASS:PRIVATE",
    "LOCATION;LANGUAGE=en:Here\\, there",
    'ATTENDEE;CN="A, B";RSVP=TRUE:mailto:a@example.org',
    "URL:https://example.org/?a=1;b=2",
    "GEO:48.1;11.5",
    'X-SOMETHING;X-P="a:b":anything\\n',
    "COMMENT:One\\nTwo",
    "SEQUENCE:4",
    "COLOR:red",
)


class Case(NamedTuple):
    """What a client has put, and what was changed in the task since."""

    body: bytes
    changes: Document


def cases(number: int, *, seed: int) -> Iterator[Case]:
    random = Random(seed)
    for count in range(number):
        yield Case(_body(random, f"{seed}-{count}"), _changes(random))


def _body(random: Random, uid: str) -> bytes:
    zone = random.choice([*ZONES, None])
    lines = [f"SUMMARY:{_escaped(_text(random, random.choice([10, 60, 250])))}"]
    if random.random() < 0.6:
        long = _text(random, random.choice([20, 300, 1500]), breaks=True)
        lines.append(f"DESCRIPTION:{_escaped(long)}")
    if random.random() < 0.8:
        lines += _times(random, zone)
    if random.random() < 0.7:
        lines.append(f"PRIORITY:{random.randint(0, 9)}")
    for _ in range(random.choice([0, 0, 1, 1, 2])):
        tags = [_escaped(_text(random, random.choice([3, 12, 70]))) for _ in range(random.randint(1, 4))]
        lines.append(f"CATEGORIES:{','.join(tags)}")
    lines += random.choice(
        [
            [],
            ["STATUS:NEEDS-ACTION", "PERCENT-COMPLETE:0"],
            ["STATUS:IN-PROCESS", "PERCENT-COMPLETE:40"],
            ["STATUS:COMPLETED", "COMPLETED:20260102T030405Z", "PERCENT-COMPLETE:100"],
            ["STATUS:CANCELLED"],
        ]
    )
    if random.random() < 0.3:
        lines.append(f"RELATED-TO{random.choice(['', ';RELTYPE=PARENT'])}:{uid}-parent")
    if random.random() < 0.3:
        lines.append(f"X-APPLE-SORT-ORDER:{random.randint(-(10**6), 10**9)}")
    lines += random.sample(_OTHERS, random.randint(0, 4))
    random.shuffle(lines)
    for minutes in random.sample(range(60), random.choice([0, 0, 1, 2])):
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER;RELATED=END:-PT{minutes}M", "DESCRIPTION:x", "END:VALARM"]
    used = tuple(line for name, described in ZONES.items() if any(name in one for one in lines) for line in described)
    return todo(*lines, uid=uid, before=used)


def _times(random: Random, zone: str | None) -> list[str]:
    day = date(2026, 1, 1) + timedelta(days=random.randint(0, 700))
    local = datetime(day.year, day.month, day.day, random.randint(4, 22), random.randint(0, 59))  # noqa: DTZ001  # on a wall
    value = random.choice(
        [f";VALUE=DATE:{day:%Y%m%d}", f";TZID={zone}:{local:%Y%m%dT%H%M%S}" if zone else f":{local:%Y%m%dT%H%M%S}Z"]
    )
    lines = [f"DUE{value}"]
    if random.random() < 0.3:
        lines += [f"DTSTART{value}", f"RRULE:{random.choice(_RULES)}"]
        if "DATE:" in value:
            lines[-1] = lines[-1].replace("T000000Z", "")
    elif random.random() < 0.2:
        earlier = local - timedelta(days=3)
        lines += [f"DTSTART;VALUE=DATE:{earlier:%Y%m%d}" if "DATE:" in value else f"DTSTART:{earlier:%Y%m%dT%H%M%S}Z"]
    return lines


def _changes(random: Random) -> Document:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=random.randint(0, 10**6))
    possible: dict[str, Any] = {
        "title": _text(random, 20),
        "description": random.choice([None, _text(random, 40, breaks=True)]),
        "priority": random.choice(["low", "medium", "high", "urgent"]),
        "due_date": random.choice([at.date().isoformat(), f"{at:%Y-%m-%dT%H:%M:%S}.000Z"]),
        "tags": list(dict.fromkeys(_text(random, 8) for _ in range(random.randint(0, 3)))),
        "reminders": random.sample(range(100), random.randint(0, 3)),
        "parent_uid": random.choice([None, "other"]),
    }
    changes = {name: possible[name] for name in random.sample(sorted(possible), random.choice([0, 1, 1, 2, 4]))}
    if random.random() < 0.3:
        changes |= {"completed": True, "completed_at": f"{at:%Y-%m-%dT%H:%M:%S}.000Z"}
    if "due_date" in changes:
        changes["recurrence"] = None
    return changes


def _text(random: Random, most: int, *, breaks: bool = False) -> str:
    letters = _LETTERS + ("\n" if breaks else "")
    inner = "".join(random.choice(letters) for _ in range(random.randint(0, most - 2)))
    return f"a{inner}z"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
