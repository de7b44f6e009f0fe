"""A process whose clock is wrong: `time.time` and `datetime.now`; not the monotonic clock, nor the database's."""

import datetime as dt
import time
from typing import Any, cast

from pydantic_core import core_schema


def shift_clock(seconds: float) -> None:
    """From now on this process takes it to be so many seconds later."""
    real_time, real_datetime = time.time, dt.datetime
    by = dt.timedelta(seconds=seconds)

    class Meta(type):
        def __instancecheck__(cls, value: object) -> bool:
            """Whoever asks means the class that this one stands for."""
            return isinstance(value, real_datetime)

    class Wrong(real_datetime, metaclass=Meta):  # type: ignore[valid-type, misc]  # the class of the moment
        @classmethod
        def __get_pydantic_core_schema__(cls, *_: Any) -> core_schema.CoreSchema:
            return core_schema.datetime_schema()

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Wrong":
            return cast("Wrong", super().now(tz) + by)

        @classmethod
        def utcnow(cls) -> "Wrong":
            return cast("Wrong", cls.now(dt.UTC).replace(tzinfo=None))

    time.time = lambda: real_time() + seconds
    dt.datetime = Wrong  # type: ignore[misc]  # that is the point
