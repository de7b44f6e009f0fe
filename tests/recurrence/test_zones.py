"""The zones that a calendar is told of."""

import io
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from api.tasks.objects.times.recurrence import described
from tests.recurrence.generate import ZONES

READ = [zone for zone in ZONES if zone not in ("Australia/Lord_Howe", "Pacific/Apia")]
"""dateutil, the reader, takes no half hour of summer time and no day that is left out."""


@pytest.mark.parametrize("zone", READ)
def test_another_program_reads_the_same_times(zone: str) -> None:
    """At noon of each day of 36 years, and in each hour around a change."""
    read = tzical(io.StringIO("\n".join(described(zone)))).get(zone)
    clock = ZoneInfo(zone)
    moment, before = datetime(2000, 1, 2, 12, tzinfo=UTC), None
    while moment.year < 2036:
        there = moment.astimezone(clock)
        hours = range(-36, 36) if before not in (None, there.utcoffset()) else (0,)
        for hour in hours:
            near = (moment + timedelta(hours=hour)).astimezone(clock)
            assert near.astimezone(UTC).astimezone(read).replace(tzinfo=None) == near.replace(tzinfo=None)
        before = there.utcoffset()
        moment += timedelta(days=1)


def test_a_zone_is_described_the_same_in_each_year() -> None:
    """A file has one form under its tag, whenever it is fetched: nothing in it is counted from now on."""
    years = re.findall(r"\b(\d{4})\d{4}T", "\n".join(described("Europe/Berlin")))
    assert (min(years), max(years)) == ("2000", "2049")


def test_an_onset_is_written_as_the_clock_showed_it_before() -> None:
    """RFC 5545, section 3.6.5: at two in the morning, in spring, the clock in Berlin still showed two."""
    lines = "\n".join(described("Europe/Berlin"))
    assert "20260329T020000" in lines
    assert "20261025T030000" in lines
    assert "20260329T030000" not in lines
