"""What the fence stands on: PostgreSQL that loses its tail, Redis that is another one, processes that are cut off."""
