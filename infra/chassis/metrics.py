"""Prometheus metrics of one process, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from infra.chassis.metric_names import CounterName, GaugeName, HistogramName

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Labels must be ids from our own catalogues (types, departments), never what a citizen wrote."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, name: CounterName, amount: float = 1, **labels: str) -> None:
        if name not in self._counters:
            self._counters[name] = Counter(name, name, list(labels), registry=self.registry)
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def set(self, name: GaugeName, value: float, **labels: str) -> None:
        if name not in self._gauges:
            self._gauges[name] = Gauge(name, name, list(labels), registry=self.registry)
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: HistogramName, seconds: float, **labels: str) -> None:
        if name not in self._histograms:
            self._histograms[name] = Histogram(
                name, name, list(labels), registry=self.registry, buckets=SECONDS
            )
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(seconds)

    def render(self) -> bytes:
        return bytes(generate_latest(self.registry))  # type: ignore[no-untyped-call]
