"""The form of a preset's `examples` (docs/presets.md#how-do-i-add-one).

Owns: which keys an example has. Must not know: whether what one says is so (prove.py).
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from proxy.auth.token import Registration
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


class Step(Strict):
    """A request before the last, and its reply."""

    request: Asked
    reply: Reply


class Jwt(Strict):
    """What a JWT says; a text may hold the names that docs/presets.md lists, such as `{fingerprint}`."""

    header: dict[str, Any]
    claims: dict[str, Any]


class LoginExample(Strict):
    """An exchange for a token; or, with `at` (Unix time), a JWT that is made and asked of nobody.

    `identity` is what the file or command holds that a workload shows, `refresh_token` what is spent, `registered` as
    whom it was got, `jwt` what the JWT says that one of the requests carries, `upstream` where the reply says that the
    API is. `forced`: it asks for another token than the one that is handed out again.
    """

    about: str = ""
    forced: bool = False
    identity: str = "example-identity"
    refresh_token: str | None = None
    registered: Registration | None = None
    before: list[Step] = Field(default=[])
    request: Asked | None = None
    jwt: Jwt | None = None
    reply: Reply | None = None
    at: int | None = None
    header: dict[str, Any] | None = None
    claims: dict[str, Any] | None = None
    token: str | None = None
    lifetime: float | None = None
    upstream: str | None = None
    error: Failed | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.reply is None) is (self.at is None):
            raise ValueError("expected reply, what the issuer answers, or at, the time at which a JWT is made")
        if self.at is not None and (self.header is None or self.claims is None):
            raise ValueError("a JWT has header and claims")
        if unread := sorted(self.model_fields_set & (_OF_A_MADE_JWT if self.at is None else _OF_AN_EXCHANGE)):
            kind = "an exchange" if self.at is None else "a JWT that is asked of nobody"
            raise ValueError(f"{kind} has no {', '.join(unread)}")
        if self.reply is not None and (self.token is None) is (self.error is None):
            raise ValueError("expected token and lifetime, or error")
        return self


_OF_A_MADE_JWT = {"header", "claims"}
_OF_AN_EXCHANGE = {"forced", "identity", "refresh_token", "registered", "before", "request", "jwt", "upstream", "error"}


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
    """All that is added to a request for a token; `absent` and `appended` stand beside the client's own headers."""

    about: str = ""
    token: str
    headers: dict[str, str] = Field(default={})
    query: str = ""
    cookie: str = ""
    json_: dict[str, Any] = Field(default={}, alias="json")
    form: str = ""
    path: str | None = None
    absent: dict[str, str] = Field(default={})
    appended: dict[str, str] = Field(default={})


class Sent(Strict):
    """A client's request, before it is signed."""

    method: str
    path: str = ""
    query: str = ""
    headers: dict[str, str] = Field(default={})
    text: str | None = None


class SigningExample(Strict):
    """What of a signed request goes out at Unix time `at`; what is not said is not compared. `token` is what was
    minted, where requests are signed besides; `challenge`, what the API's `WWW-Authenticate` asks to be answered.

    `{signature}` is one by an RSA key, which is another each time: then `signed` is the text that it is of.
    """

    about: str = ""
    at: float = 1_767_323_045
    token: str | None = None
    challenge: str | None = None
    request: Sent
    headers: dict[str, str] = Field(default={})
    query: str | None = None
    body: str | None = None
    signed: str | None = None

    @property
    def texts(self) -> dict[str, str]:
        """All that is said of the request that goes out, by what it is."""
        whole = {"query": self.query, "body": self.body}
        headers = {f"header {name}": text for name, text in self.headers.items()}
        return headers | {name: text for name, text in whole.items() if text is not None}

    @model_validator(mode="after")
    def _proves(self) -> Self:
        if not self.texts:
            raise ValueError("expected headers, query or body, of the request as it goes out")
        times = [text.count(SIGNATURE) for text in self.texts.values()]
        if max(times) > 1:
            raise ValueError(f"a text has one {SIGNATURE}")
        if any(times) is (self.signed is None):
            raise ValueError(f"expected {SIGNATURE} in a text, and signed, what it is of; or neither")
        return self


SIGNATURE = "{signature}"


class SkewedExample(Strict):
    about: str = ""
    reply: Reply
    skewed: bool


class Examples(Strict):
    with_: dict[str, Any] = Field(default={}, alias="with")
    login: list[LoginExample] = Field(default=[])
    refusals: list[RefusalExample] = Field(default=[])
    dead: list[DeathExample] = Field(default=[])
    injection: list[InjectionExample] = Field(default=[])
    signing: list[SigningExample] = Field(default=[])
    skewed: list[SkewedExample] = Field(default=[])


read_examples = TypeAdapter(Examples).validate_python
