"""What Keyless is meant to reach, as functions of one run. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.results import Results

IDLE_CONNECTIONS = 10_000
BUSY_CONNECTIONS = 9_500
COMMIT = "6e731b4"
BEFORE = {"keyless": 106_400, "keyless-sources": 209_500}
"""User-space instructions per request at that commit, where issue 15 begins, counted by scenario `instructions` with
`--checkout` of its compiled package and of its sources, on Python 3.11.7."""
WORKERS_REQUESTS = 20_000
TWO = "keyless+2-workers"
IMAGE = "keyless+image"
Ratio = Callable[[Results], float | None]


@dataclass(frozen=True)
class Aim:
    """`at_most` False: the figure has to be at least the bound."""

    text: str
    bound: float
    unit: str
    figure: Ratio
    at_most: bool = True

    def met(self, value: float) -> bool:
        return value <= self.bound if self.at_most else value >= self.bound


def _ratio(scenario: str, metric: str, ours: str, theirs: str) -> Ratio:
    def ratio(results: Results) -> float | None:
        figure = results.figure(scenario, ours, metric)
        return figure.over(results.figure(scenario, theirs, metric)) if figure is not None else None

    return ratio


def _value(scenario: str, metric: str, contender: str = "keyless") -> Ratio:
    def value(results: Results) -> float | None:
        figure = results.figure(scenario, contender, metric)
        return None if figure is None else figure.middle

    return value


def added_latency(results: Results, contender: str = "keyless") -> float | None:
    """Microseconds at the median, one connection, over no proxy at all."""
    figure, direct = (results.figure("get500", name, "alone_p50_us") for name in (contender, "direct"))
    return None if figure is None or direct is None else figure.middle - direct.middle


def _idle_memory(results: Results) -> float | None:
    """Only a run with all of the connections can tell."""
    answered = _value("idle", "answered")(results)
    return _value("idle", "resident_mib")(results) if answered is not None and answered >= IDLE_CONNECTIONS else None


def _within(scenario: str, metric: str, before: str, contender: str = "keyless") -> Ratio:
    """Of the same contender, in the same turns."""

    def ratio(results: Results) -> float | None:
        figure = results.figure(scenario, contender, metric)
        return figure.over(results.figure(scenario, contender, before)) if figure is not None else None

    return ratio


def _given_back(results: Results) -> float | None:
    """As in the image. Only a run with all of the connections, all of them answered, can tell."""
    connections, failed = (_value("after-busy", metric, IMAGE)(results) for metric in ("connections", "failed"))
    whole = connections is not None and connections >= BUSY_CONNECTIONS and not failed
    return _within("after-busy", "after_mib", "before_mib", IMAGE)(results) if whole else None


def _instructions(results: Results) -> float | None:
    """Of those before."""
    count = _value("instructions", "instructions")(results)
    return None if count is None else count / BEFORE["keyless"]


def _worker_memory(results: Results) -> float | None:
    """Only of two that both had their share of requests."""
    requests, workers = (_value("workers", metric, TWO)(results) for metric in ("requests", "workers"))
    enough = requests is not None and requests >= WORKERS_REQUESTS and workers == 2
    return _value("workers", "worker_mib", TWO)(results) if enough else None


def _busy(connections: int) -> tuple[Aim, ...]:
    name, many = f"busy{connections}", f"{connections:,} busy connections"
    return (
        Aim(f"{many}: rate, of nginx's", 0.6, "x", _ratio(name, "rps", "keyless", "nginx"), at_most=False),
        Aim(f"{many}: CPU per request, of that with 32", 1.3, "x", _within(name, "cpu_us", "few_cpu_us")),
        Aim(f"{many}: failed requests", 0, "", _value(name, "failed")),
    )


def _of_envoys(text: str, bound: float, scenario: str, ours: str = "keyless") -> Aim:
    return Aim(f"{text}: CPU per request, of Envoy's", bound, "x", _ratio(scenario, "cpu_us", ours, "envoy"))


AIMS = (
    _of_envoys("GET", 0.65, "get500"),
    _of_envoys("GET, not compiled", 1.1, "get500", "keyless-sources"),
    Aim("GET: CPU per request, of a naive aiohttp proxy's", 0.35, "x", _ratio("get500", "cpu_us", "keyless", "naive")),
    Aim(f"GET: user-space instructions, of those at {COMMIT}", 0.65, "x", _instructions),
    _of_envoys("TLS upstream", 0.75, "tls"),
    _of_envoys("2 KiB POST", 0.7, "post2k"),
    _of_envoys("TLS listener", 0.9, "tls-listener"),
    Aim("GET, 32 connections: p99, of Envoy's", 1.0, "x", _ratio("get500", "p99_us", "keyless", "envoy")),
    Aim("GET, 32 connections: p99, of nginx's", 1.0, "x", _ratio("get500", "p99_us", "keyless", "nginx")),
    Aim("Latency added at the median, one connection", 80, "µs", added_latency),
    Aim("32 streams start per second, delay of the first event at p99", 1, "ms", _value("first-byte", "late_p99_ms")),
    *_busy(1000),
    *_busy(2000),
    Aim(
        "Client key, Origin and access log: CPU per request, of the same without them",
        1.12,
        "x",
        _ratio("policies", "cpu_us", "keyless+all-on", "keyless+all-off"),
    ),
    Aim("One worker at rest, memory", 48, "MiB", _value("memory", "resident_mib")),
    Aim("A further worker, memory", 25, "MiB", _worker_memory),
    Aim(
        "Two workers, load from their own cores: CPU per request, of one's", 1.05, "x", _value("workers", "ratio", TWO)
    ),
    Aim("Start to listening", 0.3, "s", _value("start", "start_s")),
    Aim("`make run` in a fresh clone, to the first answer", 37.5, "s", _value("make-run", "first_answer_s")),
    Aim(
        "JSON refusal rule: CPU per request, of the same without it",
        1.2,
        "x",
        _ratio("refusal", "cpu_us", "keyless+refusal", "keyless"),
    ),
    Aim("1 GiB down, of nginx's rate", 0.6, "x", _ratio("down", "mib_s", "keyless", "nginx"), at_most=False),
    Aim("1 GiB up, of nginx's rate", 0.6, "x", _ratio("up", "mib_s", "keyless", "nginx"), at_most=False),
    Aim("1 GiB down, peak memory", 150, "MiB", _value("down", "peak_mib")),
    Aim("1 GiB up, peak memory", 150, "MiB", _value("up", "peak_mib")),
    Aim("500 event streams, peak memory", 150, "MiB", _value("sse500", "peak_mib")),
    Aim("500 event streams, an event's delay at p99", 50, "ms", _value("sse500", "late_p99_ms")),
    Aim("500 event streams, share of a core", 1.0, "core", _value("sse500", "core")),
    Aim("10,000 idle connections, memory", 250, "MiB", _idle_memory),
    Aim("Token rotation under load, failed requests", 0, "", _value("rotation", "failed", "keyless+rotation")),
    Aim(
        "10,000 routes, GET with a query: CPU per request, of ten routes'",
        1.15,
        "x",
        _ratio("routes", "cpu_us", "keyless+10000-routes", "keyless+10-routes"),
    ),
    Aim(
        "2,000 providers: CPU per request, of ten providers'",
        1.15,
        "x",
        _ratio("providers", "cpu_us", "keyless+2000-providers", "keyless+10-providers"),
    ),
    Aim(
        "2,000 issuers: first answer after listening",
        0.2,
        "s",
        _value("first-answer", "answer_s", "keyless+2000-issuers"),
    ),
    Aim(
        "Reload of 10,000 routes, longest pause", 50, "ms", _value("reload-routes", "pause_ms", "keyless+10000-routes")
    ),
    Aim(
        "Reload of 10,000 clients, longest pause",
        50,
        "ms",
        _value("reload-clients", "pause_ms", "keyless+10000-clients"),
    ),
    Aim("200 clients that don't read, memory of one", 160, "KiB", _value("unread", "kib_each")),
    Aim("9,500 connections were busy and have gone: memory, of before", 1.3, "x", _given_back),
)
