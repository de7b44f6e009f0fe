"""A process whose clock is wrong: `time.time` and `datetime.now`; not the monotonic clock, nor the database's."""

import datetime as dt
import time
from typing import cast


def shift_clock(seconds: float) -> None:
    """From now on this process takes it to be so many seconds later."""
    real_time, real_datetime = time.time, dt.datetime
    by = dt.timedelta(seconds=seconds)

    class Wrong(real_datetime):  # type: ignore[valid-type, misc]  # the class of the moment
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Wrong":
            return cast("Wrong", super().now(tz) + by)

        @classmethod
        def utcnow(cls) -> "Wrong":
            return cast("Wrong", cls.now(dt.UTC).replace(tzinfo=None))

    time.time = lambda: real_time() + seconds
    dt.datetime = Wrong  # type: ignore[misc]  # that is the point
