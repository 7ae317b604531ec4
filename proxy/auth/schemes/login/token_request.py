"""The keys of one request that asks for a token, and of what it says otherwise where another token is wanted.

Must not know: how a request is built or sent. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field, model_validator

from proxy.auth.keys.sign import Sign
from proxy.http.grammar import field_problem
from proxy.values.kinds import Method, Scalar, Secretive, Url
from proxy.values.where import Finding, Where


class TokenRequest(Secretive):
    """The HTTP request that asks for a token. At most one of json, form and body."""

    method: Method = "POST"
    url: Url
    query: dict[str, Scalar] = {}
    headers: dict[str, str] = {}
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Scalar] | None = None
    body: str | None = None
    sign: Sign | None = None

    @model_validator(mode="after")
    def one_body(self) -> TokenRequest:
        if sum(part is not None for part in (self.json_, self.form, self.body)) > 1:
            raise ValueError("give one of json, form and body, not several")
        return self

    def check(self, where: Where) -> Iterator[Finding]:
        for name, value in self.headers.items():
            if problem := field_problem(name, value):
                yield Finding((*where, "headers", name), problem)
        if self.sign is not None:
            yield from self.sign.check((*where, "sign"))


TEXTS = ("url", "query", "headers", "json_", "form", "body")
"""Where a request's texts stand, which a step's may hold names."""


class Forced(Secretive):
    """What a provider's `request` says besides, or in place of, where it asks for another token than the one that its
    issuer has handed out again although the API refused it.
    """

    query: dict[str, Scalar] = {}
    json_: dict[str, Any] = Field(default={}, alias="json")
    form: dict[str, Scalar] = {}

    def over(self, request: TokenRequest) -> TokenRequest:
        """Raises ValueError if it says nothing, or what `request` has no place for."""
        if not (self.query or self.json_ or self.form):
            raise ValueError("refresh.forced says nothing: give it query, json or form")
        made = {
            "query": {**request.query, **self.query},
            "json_": _over("json", request.json_, self.json_),
            "form": _over("form", request.form, self.form),
        }
        return request.model_copy(update=made)


def _over(part: str, under: Any, over: dict[str, Any]) -> Any:
    if not over:
        return under
    if not isinstance(under, dict):
        raise ValueError(f"refresh.forced.{part} needs request.{part}, a mapping")  # noqa: TRY004 -- pydantic's
    return {**under, **over}
