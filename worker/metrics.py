"""What Prometheus is told of the worker."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.process_collector import ProcessCollector

QUEUE = "queue"
"""Stands among the jobs for the queue that lets one replica begin each: it can fail as they do."""


class WorkerMetrics:
    """One registry per worker, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.published = Counter(
            "tasklane_worker_published_lists_total",
            "Lists whose revision the cache was told.",
            registry=self.registry,
        )
        self.purged = Counter("tasklane_worker_purged_total", "Rows erased.", ["kind"], registry=self.registry)
        self.audited = Counter(
            "tasklane_worker_audited_values_total",
            "Cached values compared with the database.",
            registry=self.registry,
        )
        self.differences = Counter(
            "tasklane_worker_audit_differences_total",
            "Cached values that differed from the database. Anything but 0 is a fault in the product.",
            registry=self.registry,
        )
        self.wrong_counters = Counter(
            "tasklane_worker_wrong_counters_total",
            "Lists whose counters were not what their tasks come to, and were put right.",
            registry=self.registry,
        )
        self.runs = Counter("tasklane_worker_jobs_total", "Jobs run.", ["job", "outcome"], registry=self.registry)
        self.last_success = Gauge(
            "tasklane_worker_last_success_seconds",
            "When a job last succeeded, or, if it has not yet, when the worker started (Unix time).",
            ["job"],
            registry=self.registry,
        )
