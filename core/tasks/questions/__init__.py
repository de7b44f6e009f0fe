"""What can be asked of a list: how it is spelt, in one canonical form, and where a page ended."""
