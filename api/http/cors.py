"""CORS for the requests that ask for it: a browser names its page's origin in every request to another one."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send


class CorsWhereAsked(CORSMiddleware):
    """Starlette's, but for requests without `Origin`, which it would only give a `Vary: Origin`.

    Nothing here may be kept by a shared cache (`private`) or used without asking again (`no-cache`), so no answer to a
    request without an origin is ever used for one with.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)
