"""What Prometheus is told. Labels are bounded: route templates, never ids.

Requests are counted in plain numbers, which a hit can afford, and become metrics when Prometheus asks.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Requests(Collector):
    """How many requests were answered, how, and in what time. For one thread: the event loop's."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        labels = (route, method, status)
        self._counts[labels] = self._counts.get(labels, 0) + 1
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(LATENCY_BUCKETS) + 1)
        buckets[bisect_left(LATENCY_BUCKETS, seconds)] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def collect(self) -> Iterator[Metric]:
        counts = CounterMetricFamily(
            "tasklane_http_requests", "Requests answered.", labels=["route", "method", "status"]
        )
        for (route, method, status), count in self._counts.items():
            counts.add_metric([route, method, str(status)], count)
        yield counts
        seconds = HistogramMetricFamily(
            "tasklane_http_request_seconds",
            "From the first byte of the request to the last of the answer.",
            labels=["route"],
        )
        for route, buckets in self._buckets.items():
            seconds.add_metric([route], _cumulated(buckets), self._seconds[route])
        yield seconds


class Tally:
    """A counter for one thread, the event loop's: a plain number until Prometheus asks."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._untold = 0

    def inc(self) -> None:
        self._untold += 1

    def tell(self) -> None:
        """Let the counter know."""
        self._counter.inc(self._untold)
        self._untold = 0


class Metrics:
    """One registry per application, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Requests()
        self.registry.register(self.requests)
        self.cache = Counter(
            "tasklane_cache_reads_total",
            "Reads by what the cache said: hit, miss, bypass (Redis away).",
            ["result"],
            registry=self.registry,
        )
        self.hits = Tally(self.cache.labels("hit"))
        """On the hot path."""
        direct_hits = Counter(
            "tasklane_direct_hits_total",
            "Hits that were answered where the bytes arrive, in front of the framework.",
            registry=self.registry,
        )
        self.direct_hits = Tally(direct_hits)
        self.jwks = Counter(
            "tasklane_jwks_fetches_total",
            "Fetches of the auth server's keys by outcome: ok, failed.",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in ("ok", "failed"):  # from 0 on, or the first one would be no increase
            self.jwks.labels(outcome)
        self.refused = Counter(
            "tasklane_tokens_refused_total",
            "Requests without a token that proves anything, by a fixed word for what is wrong.",
            ["reason"],
            registry=self.registry,
        )
        self.tool_calls = Counter(
            "tasklane_tool_calls_total",
            "Calls of an assistant's tool by outcome: ok, failed (it was told why).",
            ["tool", "outcome"],
            registry=self.registry,
        )
        self.streams = Gauge("tasklane_streams", "Event streams that are open.", registry=self.registry)
        self.events = Counter(
            "tasklane_events_total",
            "Events sent: changes, or the one that ends a stream.",
            ["event"],
            registry=self.registry,
        )
        self.event_lag = Histogram(
            "tasklane_event_lag_seconds",
            "From the change, by the clock of the database, to the event.",
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.redis_up = Gauge("tasklane_redis_up", "Whether the cache is in use.", registry=self.registry)
        self.slots = Gauge("tasklane_database_slots", "Transactions that can run at once.", registry=self.registry)
        self.busy = Gauge("tasklane_database_slots_busy", "Transactions that run now.", registry=self.registry)

    def render(self) -> bytes:
        for tally in (self.hits, self.direct_hits):
            tally.tell()
        return generate_latest(self.registry)


def _cumulated(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    cumulated = []
    for bound, count in zip((*map(str, LATENCY_BUCKETS), "+Inf"), buckets, strict=True):
        total += count
        cumulated.append((bound, float(total)))
    return cumulated
