"""Bodies: read in bounded time and room, strictly, and with a word on what nobody reads."""
