"""The bytes of an event stream, for clients that take each empty line for the end of an event."""

from itertools import pairwise

from api.push.events import HEARTBEAT, beginning, ending


def test_an_empty_line_ends_an_event_and_nothing_else() -> None:
    """A sign of life, and how soon to come back, are no messages for whoever reads block by block."""
    event = ending("expired")
    stream = beginning() + HEARTBEAT + event + HEARTBEAT + HEARTBEAT + event + HEARTBEAT
    lines = stream.decode().split("\n")
    before = [line for line, following in pairwise(lines[:-1]) if not following]
    assert [line.partition(":")[0] for line in before] == ["data", "data"]
    assert sum(line.startswith("retry: ") for line in lines) == 1
    assert lines[-1] == ""
