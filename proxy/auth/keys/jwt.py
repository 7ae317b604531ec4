"""The keys of a JWT that is made here, and the rules on them.

Must not know: what the JWT is for. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from proxy.auth.filled import templates
from proxy.auth.jwt_template import NAMES, JwtTemplate
from proxy.values.kinds import Duration, Secretive
from proxy.values.signing import fingerprint, secret_key, signing_key, thumbprints
from proxy.values.template import Template
from proxy.values.where import Finding, Where


class JwtKeys(Secretive):
    """`id_and_key` is both in one text, parted by the first dot, as some consoles hand them out.

    `certificate` is the key's, in PEM; it may stand in the same text as the key. `backdate`: seconds by which `{nbf}`
    lies before now, for APIs whose clock is behind.
    """

    algorithm: Literal["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
    key: str | None = None
    id_and_key: str | None = None
    key_id: str | None = None
    certificate: str | None = None
    claims: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    lifetime: Annotated[Duration, Field(gt=0)] = 600.0
    backdate: Duration = 0.0

    @model_validator(mode="after")
    def one_key(self) -> JwtKeys:
        if (self.key is None) == (self.id_and_key is None):
            raise ValueError("give either key or id_and_key")
        return self

    @property
    def pair(self) -> tuple[str | None, str]:
        """The id, if the key brings one, and the key."""
        if self.id_and_key is None:
            return None, self.key or ""
        name, _, key = self.id_and_key.partition(".")
        return name, key

    def signing_key(self) -> Any:
        """Raises ValueError for a text that is no key for the algorithm."""
        text = self.pair[1]
        if not self.algorithm.startswith("HS"):
            return signing_key(text, self.algorithm)
        if not text:
            raise ValueError("empty" if self.key is not None else "expected an id and a key, parted by a dot")
        return secret_key(text)

    def thumbprints(self) -> tuple[str, str]:
        """Of the certificate, by SHA-1 and SHA-256 (RFC 7515 §4.1.7, §4.1.8). Raises ValueError if there is none."""
        return thumbprints(self.certificate or self.pair[1])

    def check_jwt(self, where: Where) -> Iterator[Finding]:
        try:
            self.signing_key()
        except ValueError as error:
            yield Finding((*where, "id_and_key" if self.key is None else "key"), str(error))
        for part, written in (("claims", self.claims), ("headers", self.headers)):
            yield from self._check_texts((*where, part), written)
        if (self.certificate is not None or _names_certificate((self.claims, self.headers))) and not self._certified:
            key, more = (
                ("key", ", in the same PEM or as `certificate`") if self.certificate is None else ("certificate", "")
            )
            yield Finding((*where, key), f"expected a certificate in PEM{more}")

    def _check_texts(self, where: Where, written: Any) -> Iterator[Finding]:
        inner = (
            written.items() if isinstance(written, dict) else enumerate(written) if isinstance(written, list) else ()
        )
        for step, value in inner:
            yield from self._check_texts((*where, step), value)
        if isinstance(written, str):
            try:
                names = Template.parse(written, NAMES).names
            except ValueError as error:
                yield Finding(where, str(error))
                return
            yield from (Finding(where, problem) for name in names if (problem := self._lacks(name)))

    def _lacks(self, name: str) -> str | None:
        if name == "id" and self.id_and_key is None:
            return "{id} needs id_and_key"
        if name == "fingerprint" and self.algorithm.startswith("HS"):
            return "{fingerprint} needs an algorithm with a public key"
        return None

    @property
    def _certified(self) -> bool:
        try:
            self.thumbprints()
        except ValueError:
            return False
        return True

    @property
    def made_of(self) -> tuple[Any, ...]:
        """Everything that makes another JWT."""
        parts = (self.algorithm, self.pair, self.key_id, self.headers, self.claims, self.lifetime, self.backdate)
        return parts if self.certificate is None else (*parts, self.certificate)

    def template(self) -> JwtTemplate:
        """Raises ValueError for a key that can't sign, or a text that is no template."""
        key, kid = self.signing_key(), self.key_id
        usual = {"alg": self.algorithm, "typ": "JWT"} | ({} if kid is None else {"kid": Template((kid,))})
        header = usual | templates(self.headers, NAMES)
        claims = templates(self.claims if "exp" in self.claims else self.claims | {"exp": "{exp}"}, NAMES)
        by_sha1, by_sha256 = self.thumbprints() if self._certified else ("", "")
        constants = {
            "id": self.pair[0] or "",
            "fingerprint": "" if self.algorithm.startswith("HS") else fingerprint(key),
            "x5t": by_sha1,
            "x5t_s256": by_sha256,
        }
        return JwtTemplate(_said(header), _said(claims), key, constants, self.lifetime, self.backdate)


def _names_certificate(written: Any) -> bool:
    if isinstance(written, str):
        return "{x5t" in written
    inner = written.values() if isinstance(written, dict) else written if isinstance(written, list | tuple) else ()
    return any(map(_names_certificate, inner))


def _said(written: dict[str, Any]) -> dict[str, Any]:
    """`null` leaves out what would be there."""
    return {name: value for name, value in written.items() if value is not None}
