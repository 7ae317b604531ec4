"""Requests that are signed by a provider that also has something minted: keys that its reply brings, or keys of the
config, with the token in what is signed.

Owns: what that means for a provider's other keys. Must not know: how the reply comes about, how anything is signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from proxy.auth.keys.provider import Inject, ProviderCommon
from proxy.auth.keys.reply import ReplyMap
from proxy.auth.keys.sign import Sign
from proxy.auth.paths import compile_path, is_jmespath
from proxy.auth.placing.signing import Signing
from proxy.values.where import Finding, Where


class SignByReply(Sign):
    """`keys: reply`: the three keys are JMESPath; unsaid, they are what AWS calls them. `keys: config`: they are the
    keys themselves, and the token that was minted stands for the session token.
    """

    keys: Literal["reply", "config"] = "reply"
    access_key: str = "AccessKeyId"
    secret_key: str = "SecretAccessKey"  # noqa: S105 -- the name of a reply field
    session_token: str | None = "SessionToken"  # noqa: S105 -- likewise

    def check(self, where: Where) -> Iterator[Finding]:
        yield from super().check(where)
        if self.keys == "config":
            yield from self._check_written(where)
            return
        for key, path in self._paths().items():
            if not is_jmespath(path):
                yield Finding((*where, key), "expected a JMESPath expression", got=True)

    def _check_written(self, where: Where) -> Iterator[Finding]:
        for key in ("access_key", "secret_key"):
            if key not in self.model_fields_set:
                yield Finding((*where, key), "missing; with `keys: config` it is the key itself")
        if "session_token" in self.model_fields_set:
            yield Finding((*where, "session_token"), "with `keys: config` that is the token; leave it out")

    def signing(self) -> Signing:
        if self.keys == "config":
            return replace(super().signing(), beside_token=True)
        paths = {name: compile_path(path) for name, path in self._paths().items()}
        return replace(super().signing(), reply=paths)

    def over(self, reply: ReplyMap) -> ReplyMap:
        """The same with what signs as the token, if a reply brings it."""
        if self.keys == "config":
            return reply
        return reply.model_copy(update={"token": self.secret_key})

    def _paths(self) -> dict[str, str]:
        paths = {"access_key": self.access_key, "secret_key": self.secret_key, "session_token": self.session_token}
        return {name: path for name, path in paths.items() if path is not None}


class KeyedProvider(ProviderCommon):
    """A provider whose requests may be signed: by what its reply brings in place of a token, or beside the token."""

    sign: SignByReply | None = None

    @property
    def effective_inject(self) -> Inject:
        return self.inject if self.sign is None else Inject()

    @property
    def filled_headers(self) -> frozenset[str]:
        return super().filled_headers if self.sign is None else self.sign.algorithm.fills

    @property
    def sent_as_bearer(self) -> bool:
        return self.sign is None and super().sent_as_bearer

    def unfilled(self, name: str) -> str | None:
        return super().unfilled(name) if self.sign is None else "a signature is no token that could stand somewhere"

    def check_sign(self, where: Where) -> Iterator[Finding]:
        if self.sign is None:
            return
        yield from self.sign.check((*where, "sign"))
        if "inject" in self.model_fields_set:
            yield Finding((*where, "inject"), "a signature has its own place")
