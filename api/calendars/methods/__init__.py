"""The methods of WebDAV and CalDAV, for whoever has been let in."""
