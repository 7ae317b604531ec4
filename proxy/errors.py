"""Every error that is ours, and the answer each one gives.

Owns: the codes that clients see (docs/errors.md#codes) with their HTTP status, and the classes of an issuer's refusal
(docs/lifecycle.md#back-off). Must not know: HTTP libraries, config, the clock. No message here ever holds a secret.

    KeylessError
     ├─ ConfigError    what the user wrote is wrong: every problem at once, exit code 2
     ├─ HeldBack       what the user wrote later may be meant, or not: it waits for a word
     ├─ Fault          an answer of the proxy's own to a client: a problem+json with a code
     └─ IssuerError    a token could not be had: its class says what happens next
         └─ StoreAway  not for the issuer, but for the store, without which this one may not be asked
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal, NamedTuple


class KeylessError(Exception):
    """Anything that Keyless itself raises on purpose."""


class Problem(NamedTuple):
    """One mistake in a config file, addressed so that an editor can jump to it."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.message}"


class ConfigError(KeylessError):
    """The config can't be used. `problems` lists every mistake, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class HeldBack(KeylessError):  # noqa: N818 -- it says what is the case
    """A change of a running proxy's config that waits for the operator's word. `reasons` name no secret."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


Code = Literal[
    "bad_request",
    "client_key_required",
    "host_refused",
    "origin_refused",
    "route_refused",
    "path_refused",
    "no_route",
    "method_refused",
    "body_too_large",
    "coding_refused",
    "rate_limited",
    "header_too_large",
    "provider_unconfigured",
    "credential_refused",
    "login_required",
    "internal_error",
    "upstream_unreachable",
    "upstream_protocol",
    "token_unavailable",
    "issuer_unavailable",
    "overloaded",
    "shutting_down",
    "upstream_timeout",
    "offline",
]


HELP = "docs/errors.md#"
"""Where an error document sends its reader: what each code means, and what to do."""


class Meaning(NamedTuple):
    """Of a code: the HTTP status, and what a person reads; in `hint` the provider's name may stand."""

    status: int
    title: str
    hint: str


CODES: dict[Code, Meaning] = {
    "bad_request": Meaning(400, "Bad request", "Send a well-formed HTTP/1.1 request."),
    "client_key_required": Meaning(
        401, "Client key required", "Send your client key as the API key; `keyless client new NAME` makes one."
    ),
    "host_refused": Meaning(403, "Host refused", "Use the proxy's own address, or add the name to `browser.hosts`."),
    "origin_refused": Meaning(
        403, "Origin refused", "Add the page's origin to `browser.origins`, or to the client's `origins`."
    ),
    "route_refused": Meaning(403, "Route refused", "See the `routes`, `methods` and `paths` of this client."),
    "path_refused": Meaning(403, "Path refused", "Send a plain path, without dot segments or backslashes."),
    "no_route": Meaning(404, "No route", "See `routes` in the config, or `keyless explain METHOD URL`."),
    "method_refused": Meaning(405, "Method refused", "Use one of the methods in `Allow`."),
    "body_too_large": Meaning(413, "Body too large", "Send a smaller body, or raise `limits.max_body`."),
    "coding_refused": Meaning(415, "Coding refused", "Send the body uncompressed, or as `Accept-Encoding` says."),
    "rate_limited": Meaning(429, "Rate limited", "Slow down and try again after Retry-After."),
    "header_too_large": Meaning(
        431, "Header too large", "Send fewer or shorter headers, or raise `limits.max_header`."
    ),
    "provider_unconfigured": Meaning(424, "Provider not configured", "The operator must set it; it is read again."),
    "credential_refused": Meaning(424, "Credential refused", "The operator must correct the provider's credential."),
    "login_required": Meaning(424, "Login required", "The operator must run `keyless login {provider}`."),
    "internal_error": Meaning(500, "Internal error", "A fault of the proxy's own: the operator's log says where."),
    "upstream_unreachable": Meaning(502, "Upstream unreachable", "Check the route's `upstream`, DNS and TLS."),
    "upstream_protocol": Meaning(502, "Upstream broke the protocol", "The API sent something that is not valid HTTP."),
    "token_unavailable": Meaning(503, "Token unavailable", "Try again after Retry-After."),
    "issuer_unavailable": Meaning(
        503, "Issuer unavailable", "Its keys check the client's token; try again after Retry-After."
    ),
    "overloaded": Meaning(503, "Overloaded", "Try again after Retry-After."),
    "shutting_down": Meaning(503, "Shutting down", "Try again after Retry-After."),
    "upstream_timeout": Meaning(504, "Upstream timed out", "Try again, or raise the route's `timeout`."),
    "offline": Meaning(504, "Not in the cache", "Ask once while the API may be asked, on a route with `cache`."),
}

MENDED_BY_A_PERSON = 424
"""The status of what neither waiting nor another request heals, and which no client retries in silence."""
LONGEST_WAIT = 60.0
"""Seconds. SDKs sleep for as long as they are told, a day if need be, and say nothing meanwhile."""


class Fault(KeylessError):  # noqa: N818 -- the word that clients and docs know
    """An error that a client gets as `application/problem+json` (RFC 9457).

    `code` is a key of CODES; `detail` says what and where; `retry_after` is in seconds; `headers` are added to the
    answer (an `Allow`, say). `cause` is for the log: what was refused (`origin=http://app.example.com`), else `detail`.
    `hint` says what to do, where that is not what the code says.
    `outside` stands in for a `detail` that names variables or hosts, towards whoever asks from another machine.
    """

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        provider: str | None = None,
        retry_after: float | None = None,
        headers: Sequence[tuple[str, str]] = (),
        cause: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail, self.cause = detail, detail if cause is None else cause
        self.outside = detail
        self.provider = provider
        self.retry_after = retry_after
        self.headers = tuple(headers)
        self.hint = hint

    @property
    def status(self) -> int:
        return CODES[self.code].status

    @property
    def refuses(self) -> bool:
        """Is it the request that was turned away? Else something it depends on failed."""
        return 400 <= self.status < 500 and self.status != MENDED_BY_A_PERSON

    @property
    def advice(self) -> tuple[str, str] | None:
        """A header that says when to come back, or that nobody should; None leaves it to the client."""
        if self.status in (429, 503) and (self.retry_after or 0.0) <= LONGEST_WAIT:
            return "Retry-After", str(whole_seconds(self.retry_after or 1.0))
        lasts = self.status < 500 or self.status == 503 or self.code == "offline"
        return ("X-Should-Retry", "false") if lasts else None

    def problem(self) -> dict[str, Any]:
        """The members of the problem document, and those in which SDKs look for words (docs/errors.md)."""
        known = CODES[self.code]
        hint = self.hint or known.hint.replace("{provider}", self.provider or "NAME")
        if self.advice is not None and self.advice[0] != "Retry-After":
            hint = hint.replace("Retry-After", "`retry_after` seconds")
        document: dict[str, Any] = {
            "type": f"urn:keyless:error:{self.code}",
            "title": known.title,
            "status": known.status,
            "code": self.code,
            "detail": self.detail,
            "hint": hint,
            "help": HELP + self.code,
            "message": (message := f"{known.title}: {self.detail.rstrip('.')}. {hint}"),
            "error": {"message": message, "type": "keyless_error", "code": self.code},
        }
        if self.provider is not None:
            document["provider"] = self.provider
        if self.retry_after is not None:
            document["retry_after"] = whole_seconds(self.retry_after)
        return document


def whole_seconds(seconds: float) -> int:
    """Seconds for `Retry-After`: whole, rounded up, at least one (RFC 9110 §10.2.3)."""
    return max(1, int(-(-seconds // 1)))


class FailureClass(StrEnum):
    """What a failed login means for the next one (docs/lifecycle.md#back-off)."""

    PASSING = "passing"
    CREDENTIAL = "credential"
    LOGIN = "login"


class IssuerError(KeylessError):
    """A login failed. `message` is for the operator and already free of secrets; `hint` is our own advice and may be
    shown to clients, as may `error`, the issuer's error code. `retry_after` is in seconds. `again`: may the same flight
    try once more (docs/lifecycle.md#the-issuer-call)? `ours`: the answer where the issuer has no part in it.
    """

    def __init__(
        self,
        failure: FailureClass,
        message: str,
        *,
        error: str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
        again: bool = False,
        ours: Fault | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.error = error
        self.hint = hint
        self.retry_after = retry_after
        self.again = again
        self.ours = ours


class StoreAway(IssuerError):  # noqa: N818 -- it says what is the case
    """The pause that this one causes ends when the store is back."""

    def __init__(self, why: str) -> None:
        hint = "The store must be there for this provider: its login spends what other processes rely on."
        super().__init__(FailureClass.PASSING, f"the store can't be used: {why}", hint=hint)
