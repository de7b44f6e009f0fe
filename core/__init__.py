"""What the API and the worker share: settings, schema, SQL and the cache protocol; no web framework, no job runner."""
