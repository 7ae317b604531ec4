"""What a request is told that can't have a token (docs/errors.md#codes, docs/lifecycle.md#back-off).

Owns: which code each class of failure becomes, and the words. Clients see the issuer's error code and our own advice;
the issuer's prose is for the operator only.
"""

from __future__ import annotations

from proxy.errors import Code, FailureClass, Fault, IssuerError

_CODES: dict[FailureClass, Code] = {
    FailureClass.PASSING: "token_unavailable",
    FailureClass.CREDENTIAL: "credential_refused",
    FailureClass.LOGIN: "login_required",
}


def denial(provider: str, failure: IssuerError | None, flying: bool, waits: float | None) -> Fault:
    """`failure` is the last flight's, `waits` the seconds until the next may start, if it can be told."""
    if failure is not None and failure.ours is not None:
        return Fault(failure.ours.code, failure.ours.detail, provider=provider, retry_after=waits or 1.0)
    code: Code = "token_unavailable" if failure is None else _CODES[failure.failure]
    detail = _pending(flying, waits) if failure is None else _said(failure)
    if waits is None and code == "token_unavailable":
        waits = 1.0  # every 503 has a Retry-After
    return Fault(code, detail, provider=provider, retry_after=waits)


def _said(failure: IssuerError) -> str:
    if failure.error:
        said = f"the issuer answered {failure.error}"
    else:
        said = "nobody is logged in" if failure.failure is FailureClass.LOGIN else "the issuer gave no token"
    return f"{said}. {failure.hint}" if failure.hint else said


def _pending(flying: bool, waits: float | None) -> str:
    if flying:
        return "the issuer has not answered yet"
    if waits is not None:
        return "no new token may be fetched yet (`refresh.min_interval`)"
    return "the token request was interrupted"
