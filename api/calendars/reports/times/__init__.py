"""When to-dos are, repeat and ring, on the clock of whoever asks."""
