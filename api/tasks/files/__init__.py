"""Tasks as files, out and in: this service's own, and other people's."""
