"""What may stand in a VTODO: every property and parameter of the standards, and what clients have added."""

from typing import NamedTuple


class Case(NamedTuple):
    """Lines within a VTODO, and the members of the task that come of them, where any do."""

    lines: tuple[str, ...]
    task: tuple[tuple[str, object], ...] = ()


def _case(*lines: str, **task: object) -> Case:
    return Case(lines, tuple(task.items()))


def _alarm(*lines: str, **task: object) -> Case:
    return Case(("DUE:20260301T100000Z", "BEGIN:VALARM", *lines, "END:VALARM"), tuple(task.items()))


RFC_5545: dict[str, Case] = {
    "ATTACH": _case("ATTACH;FMTTYPE=application/postscript:ftp://example.com/pub/reports/r-960812.ps"),
    "ATTACH, inline": _case("ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:" + "VGhlIHF1aWNrIGJyb3du" * 40),
    "ATTENDEE": _case(
        'ATTENDEE;CUTYPE=GROUP;MEMBER="mailto:a@example.com","mailto:b@example.com";ROLE=REQ-PARTICIPANT;'
        'PARTSTAT=IN-PROCESS;RSVP=TRUE;DELEGATED-TO="mailto:c@example.com";DELEGATED-FROM="mailto:d@example.com";'
        'SENT-BY="mailto:e@example.com";CN="Smith, John";DIR="ldap://example.com:6666/o=ABC";LANGUAGE=en:'
        "mailto:jsmith@example.com"
    ),
    "CATEGORIES": _case(
        "CATEGORIES:one,two\\, too", "CATEGORIES;LANGUAGE=de:drei,one", tags=["one", "two, too", "drei"]
    ),
    "CLASS": _case("CLASS:CONFIDENTIAL"),
    "COMMENT": _case('COMMENT;ALTREP="CID:x@example.com";LANGUAGE=en:A\\nB', "COMMENT:Another"),
    "COMPLETED": _case("COMPLETED:20260301T101010Z", completed=True, completed_at="2026-03-01T10:10:10.000Z"),
    "CONTACT": _case('CONTACT;ALTREP="http://example.com/jd.vcf":Jim\\, +1'),
    "CREATED": _case("CREATED:19960329T133000Z"),
    "DESCRIPTION": _case(
        'DESCRIPTION;ALTREP="CID:p@example.com";LANGUAGE=en:One\\nTwo\\, \\; \\\\ done',
        description="One\nTwo, ; \\ done",
    ),
    "DTSTART": _case("DTSTART;TZID=Europe/Berlin:20260301T090000"),
    "DTSTART and DURATION": _case("DTSTART:20260301T090000Z", "DURATION:PT1H30M", due_date="2026-03-01T10:30:00.000Z"),
    "DTSTART, a date, and DURATION": _case("DTSTART;VALUE=DATE:20260301", "DURATION:P2D", due_date="2026-03-03"),
    "DUE, a date": _case("DUE;VALUE=DATE:20260301", due_date="2026-03-01"),
    "DUE, floating": _case("DUE:20260301T090000", due_date="2026-03-01T09:00:00.000Z"),
    "DUE, UTC": _case("DUE:20260301T090000Z", due_date="2026-03-01T09:00:00.000Z"),
    "DUE, a zone": _case("DUE;TZID=America/New_York:20260701T090000", due_date="2026-07-01T13:00:00.000Z"),
    "EXDATE": _case("DTSTART:20260301T090000Z", "RRULE:FREQ=DAILY;COUNT=5", "EXDATE:20260302T090000Z,20260303T090000Z"),
    "GEO": _case("GEO:37.386013;-122.082932"),
    "LAST-MODIFIED": _case("LAST-MODIFIED:19960817T133000Z"),
    "LOCATION": _case('LOCATION;ALTREP="http://xyzcorp.com/conf.vcf";LANGUAGE=en:Conference Room - F123\\, Bldg. 002'),
    "ORGANIZER": _case(
        'ORGANIZER;CN=JohnSmith;DIR="ldap://example.com:6666/o=DC";SENT-BY="mailto:j@x.com":mailto:o@x.com'
    ),
    "PERCENT-COMPLETE": _case("PERCENT-COMPLETE:39", completed=False),
    "PERCENT-COMPLETE, all": _case("PERCENT-COMPLETE:100", completed=True),
    **{
        f"PRIORITY {number}": _case(f"PRIORITY:{number}", priority=priority)
        for number, priority in enumerate(("medium", "urgent", *["high"] * 3, "medium", *["low"] * 4))
    },
    "RDATE": _case(
        "DTSTART:20260301T090000Z", "RRULE:FREQ=DAILY;COUNT=5", "RDATE;VALUE=PERIOD:19960403T020000Z/19960403T040000Z"
    ),
    "RELATED-TO": _case("RELATED-TO:parent@example.org", parent_uid="parent@example.org"),
    "RELATED-TO, others": _case(
        "RELATED-TO;RELTYPE=SIBLING:s@example.org",
        "RELATED-TO;RELTYPE=PARENT:p@example.org",
        "RELATED-TO;RELTYPE=CHILD:c@example.org",
        parent_uid="p@example.org",
    ),
    "REQUEST-STATUS": _case("REQUEST-STATUS;LANGUAGE=en:2.8; Success\\, repeating event ignored.;RRULE:FREQ=WEEKLY"),
    "RESOURCES": _case('RESOURCES;ALTREP="http://xyzcorp.com/r.vcf";LANGUAGE=fr:Nettoyeur haute pression,EASEL'),
    "SEQUENCE": _case("SEQUENCE:17"),
    "STATUS, open": _case("STATUS:NEEDS-ACTION", completed=False),
    "STATUS, begun": _case("STATUS:IN-PROCESS", "PERCENT-COMPLETE:50", completed=False),
    "STATUS, done": _case("STATUS:COMPLETED", completed=True),
    "STATUS, cancelled": _case("STATUS:CANCELLED", completed=True),
    "SUMMARY": _case('SUMMARY;ALTREP="CID:s@example.com";LANGUAGE=en:Buy milk\\, bread', title="Buy milk, bread"),
    "URL": _case("URL:http://abc.com/pub/calendars/jsmith/mytime.ics"),
    "VALARM, before": _alarm("ACTION:DISPLAY", "TRIGGER:-PT30M", "DESCRIPTION:x", reminders=[30]),
    "VALARM, an instant": _alarm(
        "ACTION:AUDIO", "TRIGGER;VALUE=DATE-TIME:20260301T090000Z", reminders=["2026-03-01T09:00:00.000Z"]
    ),
    "VALARM, repeated": _alarm("ACTION:DISPLAY", "TRIGGER:-P1DT2H", "REPEAT:4", "DURATION:PT1H", reminders=[1560]),
    "VALARM, a mail": _alarm(
        "ACTION:EMAIL", "TRIGGER:-P2D", "ATTENDEE:mailto:j@example.com", "SUMMARY:S", "DESCRIPTION:D", reminders=[]
    ),
    "VALARM, afterwards": _alarm("ACTION:DISPLAY", "TRIGGER;RELATED=END:PT5M", reminders=[]),
    "X- and other names": _case(
        "X-ABC-MMSUBJ;VALUE=URI;FMTTYPE=audio/basic:http://x.org/mysubj.au", "DRESSCODE:CASUAL"
    ),
}

RFC_7986: dict[str, Case] = {
    "COLOR": _case("COLOR:turquoise"),
    "CONFERENCE": _case('CONFERENCE;VALUE=URI;FEATURE=PHONE,MODERATOR;LABEL="Moderator, dial-in":tel:+1-412-555-0123'),
    "IMAGE": _case("IMAGE;VALUE=URI;DISPLAY=BADGE,THUMBNAIL;FMTTYPE=image/png:http://example.com/images/party.png"),
    "EMAIL": _case("ATTENDEE;CN=Cyrus;EMAIL=cyrus@example.com:mailto:opaque-token-1234@example.com"),
}

RFC_9073: dict[str, Case] = {
    "PARTICIPANT": _case(
        "BEGIN:PARTICIPANT",
        "UID:em9lQGZvb2GFtcGxlLmNvbQ",
        "PARTICIPANT-TYPE:PLANNER-CONTACT",
        "CALENDAR-ADDRESS:mailto:em9@example.com",
        "DESCRIPTION:A\\, B",
        "END:PARTICIPANT",
    ),
    "VLOCATION": _case(
        "BEGIN:VLOCATION", "UID:1", "NAME:The venue", "LOCATION-TYPE:parking,music", "GEO:1;2", "END:VLOCATION"
    ),
    "VRESOURCE": _case(
        "BEGIN:VRESOURCE", "UID:r", "RESOURCE-TYPE:PROJECTOR", "NAME:The old projector", "END:VRESOURCE"
    ),
    "STRUCTURED-DATA": _case(
        'STRUCTURED-DATA;FMTTYPE=application/ld+json;SCHEMA="https://schema.org/FlightReservation";VALUE=TEXT:'
        '{\\n"@context": "http://schema.org"\\,\\n"a": "b\\; c"}'
    ),
    "STYLED-DESCRIPTION": _case(
        "DESCRIPTION;DERIVED=TRUE:plain",
        "STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<b>plain</b>",
        description="plain",
    ),
    "ORDER": _case("LOCATION;ORDER=1:A", "COMMENT;ORDER=2:B"),
}

RFC_9074: dict[str, Case] = {
    "ACKNOWLEDGED": _alarm(
        "UID:a", "ACTION:DISPLAY", "TRIGGER:-PT15M", "ACKNOWLEDGED:20260301T094500Z", reminders=[15]
    ),
    "SNOOZE": _alarm(
        "UID:b",
        "ACTION:DISPLAY",
        "TRIGGER;VALUE=DATE-TIME:20260301T094900Z",
        "RELATED-TO;RELTYPE=SNOOZE:a",
        reminders=[],
    ),
    "PROXIMITY": _alarm(
        "ACTION:DISPLAY",
        "TRIGGER;VALUE=DATE-TIME:19760401T005545Z",
        "PROXIMITY:DEPART",
        "BEGIN:VLOCATION",
        "UID:123",
        "URL:geo:40.443,-79.945;u=10",
        "END:VLOCATION",
        reminders=[],
    ),
}

RFC_9253: dict[str, Case] = {
    "CONCEPT": _case("CONCEPT:https://example.com/task-types/delivery"),
    "LINK": _case(
        "LINK;LINKREL=SOURCE;LABEL=Venue;FMTTYPE=text/html;LANGUAGE=en;VALUE=URI:https://example.com/events",
        'LINK;LINKREL="https://example.com/linkrel/costStructure";VALUE=XML-REFERENCE:https://example.com/xml.xml#xpointer',
    ),
    "REFID": _case("REFID:itinerary-2014-11-17"),
    "RELATED-TO, temporal": _case(
        "RELATED-TO;RELTYPE=FINISHTOSTART;GAP=P1D:after@example.org",
        "RELATED-TO;RELTYPE=DEPENDS-ON;VALUE=URI:https://example.com/caldav/user/jb/cal/19960401.ics",
        "RELATED-TO;RELTYPE=REFID:x",
        parent_uid=None,
    ),
}

TASKS_DRAFT: dict[str, Case] = {
    "ESTIMATED-DURATION": _case("ESTIMATED-DURATION:PT10H"),
    "SUBSTATE": _case("STATUS:IN-PROCESS", "SUBSTATE:SUSPENDED", "REASON:https://example.com/reason/delivered"),
    "TASK-MODE": _case("TASK-MODE:AUTOMATIC-COMPLETION"),
    "VSTATUS": _case("BEGIN:VSTATUS", "STATUS:FAILED", "DTSTAMP:20260301T000000Z", "COMMENT:Not found", "END:VSTATUS"),
}

CLIENTS: dict[str, Case] = {
    "Apple, place": _alarm(
        "ACTION:DISPLAY",
        "TRIGGER;VALUE=DATE-TIME:19760401T005545Z",
        "X-WR-ALARMUID:1",
        "X-APPLE-PROXIMITY:ARRIVE",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="1 Loop\\nCupertino";X-TITLE=Home:geo:37.3,-122.0',
        reminders=[],
    ),
    "Apple, no alarm": _alarm(
        "ACTION:NONE", "TRIGGER;VALUE=DATE-TIME:19760401T005545Z", "X-APPLE-DEFAULT-ALARM:TRUE", reminders=[]
    ),
    "Apple, order": _case("X-APPLE-SORT-ORDER:700000000", position="80000000000029b8:27"),
    "Apple, others": _case(
        "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC", "X-APPLE-HASHTAGS:a", 'X-APPLE-MEANS;X="a:b":1'
    ),
    "Nextcloud": _case("X-OC-HIDESUBTASKS:1", "X-OC-HIDECOMPLETEDSUBTASKS:1", "X-PINNED:true"),
    "Thunderbird": _case("X-MOZ-GENERATION:3", "X-MOZ-LASTACK:20260301T094500Z", "X-MOZ-SNOOZE-TIME:20260301T095000Z"),
    "Evolution": _case('X-EVOLUTION-CALDAV-ETAG:\\"1\\"', "X-LIC-ERROR;X-LIC-ERRORTYPE=VALUE-PARSE-ERROR:No value"),
    "Tasks.org": _case("DUE:20260301T100001Z", "X-TASKS-ORG:1", due_date="2026-03-01T10:00:00.000Z"),
    "jtx Board": _case("X-STATUS:waiting", "X-COMPLETEDTIMEZONE:Europe/Berlin", "EXTENDED-STATUS:x"),
    "KDE": _case("X-KDE-LIBKCAL-DTRECURRENCE:20260301T000000Z", "X-KDE-VOLATILE;X=1:2"),
}

STANDARDS: dict[str, dict[str, Case]] = {
    "5545": RFC_5545,
    "7986": RFC_7986,
    "9073": RFC_9073,
    "9074": RFC_9074,
    "9253": RFC_9253,
    "draft-ietf-calext-ical-tasks": TASKS_DRAFT,
    "clients": CLIENTS,
}
