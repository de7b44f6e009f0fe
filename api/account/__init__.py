"""What a user has beside their tasks: the account itself, and the tokens that they give to programs."""
