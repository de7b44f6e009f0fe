"""What a job works with, made by the composition root."""

from dataclasses import dataclass
from typing import LiteralString

from core.cache.fence import Fence
from core.cache.servers.connect import Servers
from core.lists.all_lists import AllLists
from core.lists.lists import AS_WORKER, Lists
from core.settings import Settings
from worker.metrics import WorkerMetrics
from worker.note import Note
from worker.publisher import Publisher
from worker.quiet import Quiet

AS_WORKER_FOR_OWNER: LiteralString = (
    "SELECT set_config('app.user_id', %(owner)s, true), set_config('lock_timeout', '250', true);" + AS_WORKER
)
"""The worker's role, about one user at a time: a search asks the transaction whose tasks it may find.

It waits for nobody for long (milliseconds): who holds a list for ever, by one import after another, say, would hold
up what is due to all others.
"""


@dataclass(slots=True)
class Context:
    settings: Settings
    redis: Servers
    fence: Fence
    lists: Lists
    all_lists: AllLists
    metrics: WorkerMetrics
    publisher: Publisher
    note: Note
    quiet: Quiet
