"""Streams of bytes, drawn at random, sent to an API process with the protocol of hits and to one without."""
