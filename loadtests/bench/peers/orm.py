"""A task service as most FastAPI projects write it: SQLModel, a session per request, response models, PyJWT."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import ARRAY, Column, DateTime, String
from sqlmodel import Field, Session, SQLModel, create_engine, desc, select

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://"))
app = FastAPI()
bearer = HTTPBearer()


class TaskBase(SQLModel):
    title: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=1000)
    completed: bool = False
    priority: str = "medium"
    due_date: date | None = None


class TaskCreate(TaskBase):
    tags: list[str] = []


class Task(TaskBase, table=True):
    __tablename__ = "orm_tasks"

    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    tags: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    created_at: datetime = Field(
        default_factory=lambda: datetime.now(UTC), sa_column=Column(DateTime(timezone=True), nullable=False)
    )
    updated_at: datetime = Field(
        default_factory=lambda: datetime.now(UTC), sa_column=Column(DateTime(timezone=True), nullable=False)
    )


class TaskRead(TaskBase):
    id: int
    user_id: str
    tags: list[str]
    created_at: datetime
    updated_at: datetime


def current_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    try:
        claims = jwt.decode(credentials.credentials, os.environ["BETTER_AUTH_SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    return str(claims["sub"])


CurrentSession = Annotated[Session, Depends(current_session)]
CurrentUser = Annotated[str, Depends(current_user)]


@app.get("/api/tasks", response_model=list[TaskRead])
def list_tasks(
    session: CurrentSession,
    user: CurrentUser,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> object:
    return session.exec(
        select(Task).where(Task.user_id == user).order_by(desc(Task.created_at)).offset(offset).limit(limit)
    ).all()


@app.post("/api/tasks", response_model=TaskRead, status_code=201)
def create_task(session: CurrentSession, user: CurrentUser, new: TaskCreate) -> object:
    task = Task.model_validate(new, update={"user_id": user})
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


if __name__ == "__main__":
    SQLModel.metadata.create_all(engine)
