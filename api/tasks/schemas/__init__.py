"""The bodies of the contract: what a client may send of tasks, and what it gets."""
