"""The fence by itself: one Redis, one PostgreSQL, and every interleaving of who reads and writes."""
