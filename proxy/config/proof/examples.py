"""The form of a preset's `examples` (docs/presets.md#how-do-i-add-one).

Owns: which keys an example has. Must not know: whether what one says is so (prove.py).
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from proxy.values.kinds import Strict


class Reply(Strict):
    """What an issuer or an API answers: `json`, or `text`, or nothing."""

    status: int
    headers: dict[str, str] = Field(default={})
    json_: Any = Field(default=None, alias="json")
    text: str = ""

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.text and "json_" in self.model_fields_set:
            raise ValueError("a reply has json or text, not both")
        return self


class Asked(Strict):
    """What must be sent to the issuer; what is not said is not compared, but for the body."""

    method: str | None = None
    url: str | None = None
    headers: dict[str, str] = Field(default={})
    json_: Any = Field(default=None, alias="json")
    form: str | None = None


class Failed(Strict):
    """How a login fails. `hint` and `message` are parts of the text."""

    class_: Literal["passing", "credential", "login"] = Field(alias="class")
    code: str | None = None
    hint: str = ""
    message: str = ""
    again: bool = False
    retry_after: float | None = None


class LoginExample(Strict):
    """An exchange for a token; or, with `at` (Unix time), a JWT that is made and asked of nobody."""

    about: str = ""
    request: Asked | None = None
    reply: Reply | None = None
    at: int | None = None
    header: dict[str, Any] | None = None
    claims: dict[str, Any] | None = None
    token: str | None = None
    lifetime: float | None = None
    error: Failed | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.reply is None) is (self.at is None):
            raise ValueError("expected reply, what the issuer answers, or at, the time at which a JWT is made")
        if self.at is not None and (self.header is None or self.claims is None):
            raise ValueError("a JWT has header and claims")
        if self.reply is not None and (self.token is None) is (self.error is None):
            raise ValueError("expected token and lifetime, or error")
        return self


class RefusalExample(Strict):
    """`age` of the token in seconds; `safe`: whether the request may be sent twice without harm, as a GET may."""

    about: str = ""
    reply: Reply
    refused: bool
    age: float = 3600
    safe: bool = False


class DeathExample(Strict):
    about: str = ""
    reply: Reply
    dead: bool


class InjectionExample(Strict):
    """All that is added to a request for a token."""

    about: str = ""
    token: str
    headers: dict[str, str] = Field(default={})
    query: str = ""
    cookie: str = ""
    json_: dict[str, Any] = Field(default={}, alias="json")
    form: str = ""
    path: str | None = None


class Examples(Strict):
    with_: dict[str, Any] = Field(default={}, alias="with")
    login: list[LoginExample] = Field(default=[])
    refusals: list[RefusalExample] = Field(default=[])
    dead: list[DeathExample] = Field(default=[])
    injection: list[InjectionExample] = Field(default=[])


read_examples = TypeAdapter(Examples).validate_python
