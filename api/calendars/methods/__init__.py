"""The methods of WebDAV and CalDAV, for whoever has been let in."""

from api.calendars.methods.methods import Methods

__all__ = ["Methods"]
