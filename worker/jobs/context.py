"""What a job works with, made by the composition root; arq hands it over as `ctx["jobs"]`."""

from dataclasses import dataclass

from core.fence import Fence
from core.lists import AllLists, Lists
from core.settings import Settings
from worker.metrics import WorkerMetrics


@dataclass(slots=True)
class Context:
    settings: Settings
    fence: Fence
    lists: Lists
    all_lists: AllLists
    metrics: WorkerMetrics
    redis_identity: str | None = None
    """The Redis that was last told everything."""
