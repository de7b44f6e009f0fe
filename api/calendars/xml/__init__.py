"""XML as calendars' clients send it, read in bounds; and as they are answered."""
