"""One exchange that is over, as those who watch are told of it: the access log, the page, traces.

Owns: what is said of a request, and that nothing of it is a secret: no body, no query, no header but `Origin`. Must not
know: who watches, how it is written.
"""

from __future__ import annotations

from typing import Any, Final

from proxy.figures.timeline import Timeline

CACHED: Final = "cached"
"""The note of an answer from the route's cache."""


class Ended:
    """`path` is without its query, with stars where a client's key may stand in it. `client` is a name, "" for nobody.
    `code` and `cause`: an answer of our own, and why it was given; then `origin` is that of the page that asked.
    `note`: why a refusal was not replayed, or CACHED. `cut`: the API broke off its reply. `received`, `sent`: bytes
    from and to the client, heads included. `id`: the request's; `trace`: that of its trace, where it is traced.
    """

    id: str = ""
    trace: str = ""
    route: str = ""  # its prefix; "" where no route takes it
    provider: str = ""
    client: str = ""
    code: str = ""
    cause: str = ""
    attempts: int = 1
    note: str = ""
    origin: str = ""
    cut: bool = False
    received: int = 0
    sent: int = 0

    def __init__(self, times: Timeline, method: str, path: str, status: int) -> None:
        self.times = times
        self.method = method
        self.path = path
        self.status = status

    def __repr__(self) -> str:
        return f"<Ended {self.method} {self.status}>"

    def shortened(self, longest: int) -> Ended:
        """One that may be kept: what a client chooses freely is bounded."""
        short = len(self.path) <= longest and len(self.method) <= longest
        if short and (not self.code or len(self.cause + self.origin) <= longest):
            return self
        kept = Ended(self.times, self.method[:longest], self.path[:longest], self.status)
        kept.id, kept.trace, kept.route, kept.provider = self.id, self.trace, self.route, self.provider
        kept.client, kept.code = self.client, self.code
        kept.cause, kept.origin = self.cause[:longest], self.origin[:longest]
        kept.attempts, kept.note, kept.cut = self.attempts, self.note, self.cut
        kept.received, kept.sent = self.received, self.sent
        return kept

    def document(self) -> dict[str, Any]:
        """For JSON; seconds are rounded to microseconds."""
        times = self.times
        return {
            "id": self.id,
            "trace": self.trace,
            "wall": round(times.wall, 3),
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "provider": self.provider,
            "client": self.client,
            "status": self.status,
            "code": self.code,
            "cause": self.cause,
            "origin": self.origin,
            "attempts": self.attempts,
            "note": self.note,
            "cut": self.cut,
            "received": self.received,
            "sent": self.sent,
            "seconds": round(times.seconds, 6),
            "upstream": round(times.upstream, 6),
            "own": round(times.own, 6),
            "spans": [[span.step, round(span.begins, 6), round(span.seconds, 6)] for span in times.spans()],
        }
