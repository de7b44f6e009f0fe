"""Formats that are text: tables, calendars, lines."""
