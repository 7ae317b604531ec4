"""What `/-/status` says, as types; its JSON is their fields.

Owns: the shape of it, what merging several workers' means, and reading it back where another process has written it.
Must not know: cells, plans, sockets. Times are Unix seconds; no token is in here, nor any part of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, field, fields, replace
from typing import Any, Self

from proxy.values.record import record

# Of workers that hold the same generation, the one that has learnt something bad about it knows more than the others.
_NEWS = ("login_required", "latched", "backing_off", "refused", "expired", "due", "stale", "fresh", "static")


@record
class ProviderReport:
    """A provider's credential. `state` is a word of docs/lifecycle.md, `static` or `unconfigured`."""

    state: str
    generation: int = 0
    expires_at: float | None = None  # None: nothing to expire, or never
    next_attempt_at: float | None = None  # None: no failure is being waited out
    mints: int = 0
    replays: int = 0
    last_error: str | None = None
    skew: float | None = None  # seconds by which the API's clock is ahead of ours, as it said; the most of its hosts
    upstream: str | None = None  # where the API is, host and path, as the issuer said
    minted_at: float | None = None  # when the token was got; its life counts from then
    refresh_at: float | None = None  # when it is renewed unasked; None: it isn't
    hint: str | None = None  # what to do about `last_error`

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From JSON, of another release too: what it lacks is as at a start. Raises ValueError without a state."""
        try:
            return cls(**{part.name: document[part.name] for part in fields(cls) if part.name in document})
        except TypeError as error:
            raise ValueError(f"not a provider's report: {error}") from None

    @staticmethod
    def merge(reports: Iterable[ProviderReport]) -> ProviderReport:
        """Of one provider in several workers, at least one: state, generation and times of the newest token; counts of
        all; the error that came last.
        """
        workers = list(reports)
        newest = max(report.generation for report in workers)
        holders = [report for report in workers if report.generation == newest]
        telling = min(holders, key=lambda report: _news(report.state))
        failed = [report for report in holders if report.last_error is not None]
        latest = max(failed, key=lambda report: report.next_attempt_at or 0.0, default=telling)
        return replace(
            telling,
            mints=sum(report.mints for report in workers),
            replays=sum(report.replays for report in workers),
            last_error=latest.last_error,
            hint=latest.hint,
            skew=max((report.skew for report in workers if report.skew is not None), key=abs, default=None),
        )


def _news(state: str) -> int:
    return _NEWS.index(state) if state in _NEWS else len(_NEWS)


@record
class ProcessReport:
    """What one worker tells the others."""

    pid: int
    providers: dict[str, ProviderReport]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From JSON. Raises ValueError for what is none of ours."""
        try:
            return cls(document["pid"], _providers(document))
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a worker's report: {error!r}") from None


@record
class Held:
    """What a worker holds of one provider."""

    state: str
    generation: int


@record
class WorkerReport:
    """One of several workers, as all are listed. Counts are since it started."""

    up: bool = False
    pid: int | None = None
    mints: int = 0
    replays: int = 0
    providers: dict[str, Held] = field(default_factory=dict)

    @classmethod
    def of(cls, process: ProcessReport | None) -> Self:
        """None is one that is down."""
        if process is None:
            return cls()
        reports = process.providers.values()
        mints, replays = sum(report.mints for report in reports), sum(report.replays for report in reports)
        held = {name: Held(report.state, report.generation) for name, report in process.providers.items()}
        return cls(True, process.pid, mints, replays, held)


@record
class RouteReport:
    upstream: str
    provider: str | None


@record
class AuditReport:
    """`to`: a path or `stdout`. Lines since the start: written, waiting to be written, lost."""

    to: str
    lines: int
    waiting: int
    lost: int


@record
class SessionReport:
    """A key that a command has borrowed: `until` the command ends, or that time."""

    name: str
    routes: tuple[str, ...]
    since: float
    until: float | None = None


@record
class Status:
    """All of it. What there is none of is left out of the JSON, from `audit` on. `held_back`: why a reload waits for a
    word. `build` is a word of process/build.py.
    """

    version: str
    providers: dict[str, ProviderReport]
    routes: dict[str, RouteReport]
    audit: AuditReport | None = None
    workers: dict[str, WorkerReport] | None = None
    held_back: tuple[str, ...] | None = None
    sessions: tuple[SessionReport, ...] | None = None
    build: str | None = None

    def merge(self, processes: Mapping[int, ProcessReport | None]) -> Status:
        """One worker's with what all of them, by their numbers, know; None for those that are down."""
        up = [process.providers for process in processes.values() if process is not None]
        providers = {
            name: ProviderReport.merge([worker[name] for worker in up if name in worker] or [own])
            for name, own in self.providers.items()
        }
        workers = {str(number): WorkerReport.of(process) for number, process in processes.items()}
        return replace(self, providers=providers, workers=workers)

    def document(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Of a proxy of any release, without `audit` and `workers`. Raises ValueError for what is none."""
        try:
            routes = {prefix: RouteReport(it["upstream"], it["provider"]) for prefix, it in document["routes"].items()}
            held_back = tuple(document.get("held_back", ()))
            sessions = tuple(
                SessionReport(it["name"], tuple(it["routes"]), it["since"], it.get("until"))
                for it in document.get("sessions", ())
            )
            providers = _providers(document)
            return cls(
                document["version"],
                providers,
                routes,
                held_back=held_back or None,
                sessions=sessions or None,
                build=document.get("build"),
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a status: {error!r}") from None


def _providers(document: Mapping[str, Any]) -> dict[str, ProviderReport]:
    return {name: ProviderReport.read(report) for name, report in document["providers"].items()}
