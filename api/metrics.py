"""What Prometheus is told. Labels are bounded: route templates, never ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """One registry per application, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "tasklane_http_requests_total",
            "Requests answered.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "tasklane_http_request_seconds",
            "From the first byte of the request to the last of the answer.",
            ["route"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.cache = Counter(
            "tasklane_cache_reads_total",
            "Reads by what the cache said: hit, miss, bypass (Redis away).",
            ["result"],
            registry=self.registry,
        )
        self.redis_up = Gauge("tasklane_redis_up", "Whether the cache is in use.", registry=self.registry)

        self._observers: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        labels = (route, method, status)
        observers = self._observers.get(labels)
        if observers is None:
            observers = (self.requests.labels(*labels), self.seconds.labels(route))
            self._observers[labels] = observers
        observers[0].inc()
        observers[1].observe(seconds)

    def render(self) -> bytes:
        return generate_latest(self.registry)
