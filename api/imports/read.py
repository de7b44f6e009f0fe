"""A file of any format that is known, or an archive of them, as tasks in their order."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

from api.imports.detect import Format, detected
from api.imports.json_files import (
    google_tasks,
    habitica,
    microsoft_todo,
    remember_the_milk,
    super_productivity,
    tasks_org,
    taskwarrior,
    todoist,
    trello,
    vikunja,
)
from api.imports.parsed import Asked, Parsed
from api.imports.source import archive
from api.imports.source.faults import refused
from api.imports.source.file import File, Reader
from api.imports.text_files import asana, calendar, own_csv, ticktick, todo_txt, todoist_csv
from api.imports.tree import Placed, placed
from api.turns import Turns

READERS: Mapping[Format, Reader] = {
    "csv": own_csv.read,
    "ics": calendar.read,
    "google-tasks": google_tasks.read,
    "microsoft-todo": microsoft_todo.read,
    "todoist": todoist.read,
    "todoist-csv": todoist_csv.read,
    "ticktick": ticktick.read,
    "trello": trello.read,
    "tasks-org": tasks_org.read,
    "asana": asana.read,
    "super-productivity": super_productivity.read,
    "vikunja": vikunja.read,
    "taskwarrior": taskwarrior.read,
    "todo-txt": todo_txt.read,
    "remember-the-milk": remember_the_milk.read,
    "habitica": habitica.read,
}
"""All but the service's own JSON, which is read by itself."""

UNKNOWN = "is of no format that is known here; `format` may name it"


@dataclass(frozen=True, slots=True)
class Found:
    """What a file was, and its tasks, in the order of the file."""

    format: Format
    tasks: list[Parsed]

    def placed(self) -> Iterator[Placed | None]:
        """In the order of the list, in small steps; once."""
        return placed(self.tasks)


async def format_of(document: bytes | bytearray) -> Format | None:
    """Whose file it is, as far as it can be told; None for an archive, whose files tell. Raises `InvalidInput`."""
    if is_archive(document):
        return None
    return await _detected(File(document), Turns())


def is_archive(document: bytes | bytearray) -> bool:
    return document.startswith((archive.SIGNATURE, archive.EMPTY))


async def read(document: bytes | bytearray, name: Format | None, asked: Asked, *, most: int) -> Found:
    """What is in the file; raises `InvalidInput` where it is damaged, of no known format, or has too many.

    In the event loop, and nobody waits for it: it is done in small steps.
    """
    turns = Turns()
    tasks: list[Parsed] = []
    found: Format | None = None if is_archive(document) else name
    async for file in _files(document):
        kind = await _detected(file, turns) if found is None or is_archive(document) else found
        if kind is None or kind not in READERS or (is_archive(document) and name not in (None, kind)):
            continue
        if found not in (None, kind):
            raise refused("#", "has files of more than one format")
        found = kind
        for step in READERS[kind](file, asked):
            await turns.next()
            if step is None:
                continue
            if len(tasks) == most:
                raise refused("#", f"must have at most {most} tasks")
            tasks.append(step)
    if found is None:
        raise refused("#", UNKNOWN)
    return Found(found, tasks)


async def _files(document: bytes | bytearray) -> AsyncIterator[File]:
    if not is_archive(document):
        yield File(document)
        return
    # In a thread: what is unpacked at once takes a while.
    members = archive.members(document)
    while member := await asyncio.to_thread(next, members, None):
        yield File(member.document, member.name, archive.called(member.number))


async def _detected(file: File, turns: Turns) -> Format | None:
    steps = detected(file)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Format | None = end.value
            return found
        await turns.next()
