"""REPORT: questions about many resources at once (RFC 4791, section 7; RFC 6578)."""
