"""`scheme: exec`, a command that prints the credential: a bare token, JSON, an ExecCredential of Kubernetes, or keys as
AWS's `credential_process` gives them.

Owns: its keys, and what an output means. Must not know: processes.

Shapes: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#input-and-output-formats,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from proxy.auth.keys.command import CommandKeys
from proxy.auth.keys.provider import Inject
from proxy.auth.keys.reply import ReplyMap
from proxy.auth.keys.sign_by_reply import KeyedProvider
from proxy.auth.paths import read_json
from proxy.auth.placing.draft import Placing
from proxy.auth.placing.inject import Injection
from proxy.auth.placing.signing import Signing
from proxy.auth.reading.reply import WORD, ReplyReader
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import CommandRequest, Flow, IssuerReply
from proxy.errors import FailureClass, IssuerError
from proxy.values.record import record
from proxy.values.template import Template
from proxy.values.where import Finding, Where

_USUAL = {"token": "token", "expires_in": "expires_in", "expires_at": "expires_at"}
_KUBERNETES = ReplyMap.model_validate(
    {"token": "status.token", "expires_at": {"path": "status.expirationTimestamp", "unit": "iso"}}
)
_AWS = ReplyMap.model_validate({"expires_at": {"path": "Expiration", "unit": "iso"}})

HINT = "Run the provider's `command` by hand: it has to print a token, JSON, an ExecCredential or AWS keys."


def _over_usual(written: object) -> object:
    """Whoever says where the end stands means that no other place counts."""
    if not isinstance(written, dict):
        return written
    timed = {key for key in ("expires_in", "expires_at") if key in written}
    return {key: path for key, path in _USUAL.items() if key == "token" or not timed} | written


class ExecProvider(KeyedProvider, CommandKeys):
    """`reply`: the output is JSON and has its parts there. `sign`: it brings keys, by which requests are signed."""

    scheme: Literal["exec"]
    reply: Annotated[ReplyMap, BeforeValidator(_over_usual)] = ReplyMap.model_validate(_USUAL)

    @property
    def unwritten(self) -> tuple[str, ...]:
        return (f"what the command {self.command[0]} prints",)

    @property
    def commands(self) -> tuple[CommandRequest, ...]:
        return (self.request(),)

    @property
    def names_upstream(self) -> bool:
        return self.reply.upstream is not None

    def check(self, where: Where) -> Iterator[Finding]:
        yield from self.check_command(where)
        yield from self.reply.check((*where, "reply"), self.hosts)
        for key in ("token", "expires_in", "expires_at"):
            said = getattr(self.reply, key)
            if str(getattr(said, "path", said)).startswith("header:"):
                yield Finding((*where, "reply", key), "what a command prints has no headers")
        if self.reply.format is not None:
            yield Finding((*where, "reply", "format"), "what a command prints is JSON, or a token alone")
        yield from self.check_sign(where)

    def reader(self) -> ReplyReader:
        """Of the JSON that is no one's standard, or of any if `reply` says so."""
        if self.sign is None:
            return ReplyReader.compile(self.reply, self.ttl, self.hosts, bearer=self.sent_as_bearer)
        reply = self.reply if "reply" in self.model_fields_set else _AWS
        return ReplyReader.compile(self.sign.over(reply), self.ttl)


@record
class ExecScheme(Scheme):
    """`said`: where the parts of the output are, whatever it looks like."""

    identity: str
    request: CommandRequest = field(repr=False)
    reader: ReplyReader = field(repr=False)
    kubernetes: ReplyReader = field(repr=False)
    said: bool
    bearer: bool
    signing: Signing | None = field(repr=False)
    secrets: frozenset[str] = field(repr=False)

    @classmethod
    def compile(cls, provider: ExecProvider, secrets: frozenset[str]) -> ExecScheme:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError for what is no JMESPath."""
        sign = provider.sign
        parts = (provider.command, provider.env, reading(provider.reply, provider.ttl, provider.hosts))
        return cls(
            digest("exec", *parts, None if sign is None else sign.secret_key),
            provider.request(),
            provider.reader(),
            ReplyReader.compile(_KUBERNETES, provider.ttl, bearer=provider.sent_as_bearer),
            "reply" in provider.model_fields_set or sign is not None,
            provider.sent_as_bearer,
            None if sign is None else sign.signing(),
            secrets,
        )

    def placing(self, inject: Inject, path: tuple[Template, ...]) -> Placing:
        return Injection.compile(inject, None, path) if self.signing is None else self.signing

    def login(self, wall: float, refresh_token: str | None) -> Flow:  # noqa: ARG002 -- a command keeps its own
        printed = yield self.request
        document = self._document(printed.body)
        reader = self.reader if self.said or not _is_exec_credential(document) else self.kubernetes
        self._check(document, reader, wall)
        return reader.read(IssuerReply(200, {}, json.dumps(document).encode()), wall, self.secrets)

    def _document(self, output: bytes) -> Any:
        """An object, as it stands there or made of a bare token."""
        document = _json(output)
        if isinstance(document, dict):
            return document
        if self.said:
            raise _nonsense("the command printed no JSON object")
        text = document if isinstance(document, str) else output.decode("utf-8-sig", "replace").strip()
        if not WORD.fullmatch(text):
            raise _nonsense("the command printed neither JSON nor a token alone, which is one word")
        return {_USUAL["token"]: text}

    def _check(self, document: Any, reader: ReplyReader, wall: float) -> None:
        """What would else be said of an issuer. No token that is dead already is sent."""
        if self.bearer and "AccessKeyId" in document and not self.said:
            hint = "Say by which algorithm they sign: `sign: {name: aws-sigv4, region: ..., service: ...}`."
            raise IssuerError(FailureClass.CREDENTIAL, "the command printed AWS keys, which are no token", hint=hint)

        def find(locator: str) -> Any:
            return reader.paths[locator].find(document)

        token = find(reader.token)
        if not isinstance(token, str) or not token:
            raise _nonsense(f"the command printed no token: there is no text at `{reader.token}`")
        if (ago := reader.lifetime.ended(find, token, wall)) is not None:
            hint = "Have the provider's `command` give a new one: it, or its cache, gave one that is dead already."
            raise IssuerError(
                FailureClass.PASSING, f"the command printed a token that ended {ago:.0f} s ago", hint=hint
            )


def _json(output: bytes) -> Any:
    try:
        return read_json(output)
    except ValueError:
        return None


def _is_exec_credential(document: Any) -> bool:
    return isinstance(document, dict) and document.get("kind") == "ExecCredential"


def _nonsense(message: str) -> IssuerError:
    return IssuerError(FailureClass.PASSING, message, hint=HINT)
