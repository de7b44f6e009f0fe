"""Programs with which people keep tasks, in sync with the service: as they come, from `requirements/calendars.txt`."""
