"""Personal access tokens: what they look like, and what is kept of them."""
