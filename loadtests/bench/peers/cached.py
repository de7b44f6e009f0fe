"""A cached list as most FastAPI projects write it: PyJWT in a dependency, one redis-py call per request."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from redis.asyncio import Redis

app = FastAPI()
redis: Redis = Redis.from_url(os.environ["REDIS_URL"])
bearer = HTTPBearer()


def current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    try:
        claims = jwt.decode(credentials.credentials, os.environ["BETTER_AUTH_SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    return str(claims["sub"])


@app.get("/api/tasks")
async def list_tasks(user: Annotated[str, Depends(current_user)]) -> Response:
    cached = await redis.get(f"tasks:{user}")
    if cached is None:
        raise HTTPException(404)
    return Response(cached, media_type="application/json")
