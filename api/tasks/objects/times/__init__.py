"""When: clocks, series, single dates of these, and alarms, of an object and of a task."""
