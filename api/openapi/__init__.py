"""The OpenAPI document: what FastAPI reads off the routes, completed with all that the handlers answer."""

from api.openapi.document import document, install

__all__ = ["document", "install"]
