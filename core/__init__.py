"""What the API and the worker share: settings, schema, SQL and the cache protocol; no web framework, no job runner."""

__version__ = "0.2.0.dev0"
"""Of everything here: the package, the API's document, the images and their tags."""
