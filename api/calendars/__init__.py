"""Calendars: the list as a CalDAV collection of to-dos (RFC 4791), for programs that people have already."""
