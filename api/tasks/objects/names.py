"""What a calendar object may be called: the last part of its address, decoded."""

MAX_BYTES = 255


def known_name(name: object) -> str | None:
    """What can be one; None for what no address has.

    Without a slash: programs that make names of UIDs write `%2F` for one, and encode that once more for the path.
    """
    if not isinstance(name, str) or name in ("", ".", "..") or not name.isprintable():
        return None
    if "/" in name or "\ufffd" in name:  # that stands for what was no UTF-8, whatever it was
        return None
    return name if len(name.encode(errors="replace")) <= MAX_BYTES else None
