"""What a user has beside their tasks: the account itself, and the tokens that they give to programs."""

NOT_STORED = {"cache-control": "no-store", "vary": "Authorization"}
"""The headers of what is one caller's, at this moment."""
