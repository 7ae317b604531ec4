"""Examples of signatures: a client's request, as it goes out when it is signed.

Owns: what of a signed request is compared. Must not know: any algorithm, but that one of RSA is another
each time.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from proxy.auth.placing.challenged import Challenged
from proxy.auth.placing.draft import Draft
from proxy.auth.placing.signing import Signing
from proxy.auth.token import Token
from proxy.config.proof.examples import SIGNATURE, SigningExample
from proxy.config.proof.proof import Compared, Proof
from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.values.now import Now
from proxy.values.record import record
from proxy.values.where import Where

_NONCE = "1".rjust(32, "0")


@record
class Signings:
    """`placing` signs, with `secret`. `token` is the secret that signs, or what was minted; `key` the made-up one of
    the examples, if there is one; `base` the upstream.
    """

    placing: Signing | Challenged
    secret: str = field(repr=False)
    token: Token = field(repr=False)
    key: Any = field(repr=False)
    base: str

    def proof(self, where: Where, example: SigningExample) -> Proof:
        expected: Compared = example.texts | {"secrets in the request": False}
        draft = self._draft(example)
        try:
            self._place(draft, example)
        except (Fault, ValueError) as error:
            return Proof(where, example.about, expected, {"not signed": str(error)})
        sent = _sent(draft)
        got: Compared = {name: self._as_written(text, sent.get(name), example) for name, text in example.texts.items()}
        got["secrets in the request"] = any(self.secret in text for text in (*sent.values(), draft.target.decode()))
        return Proof(where, example.about, expected, got)

    def _place(self, draft: Draft, example: SigningExample) -> None:
        """Raises Fault; ValueError for a challenge that can't be answered."""
        placing = replace(self.placing, nonce=lambda: _NONCE)
        token: Token | None = self.token
        if isinstance(placing, Challenged):
            asked = [(b"WWW-Authenticate", (example.challenge or "").encode())]
            token = placing.learnt(self.token, draft.origin, asked)
        if token is None:
            raise ValueError("a challenge that can't be answered")
        placing.place(draft, token)

    def _draft(self, example: SigningExample) -> Draft:
        url, request = urlsplit(self.base), example.request
        tls = url.scheme != "http"
        origin = Origin(tls, url.hostname or "", url.port or (443 if tls else 80))
        lines = [f"{name}: {value}\r\n".encode() for name, value in request.headers.items()]
        draft = Draft(request.method, origin, url.path.encode() or b"/", request.path.encode(), lines)
        draft.query = request.query.encode()
        draft.body = None if request.text is None else request.text.encode()
        draft.clock = lambda: Now(0.0, example.at)
        return draft

    def _as_written(self, wanted: str, sent: str | None, example: SigningExample) -> str | None:
        """What was sent; with `{signature}` in it where a good one stands, if that is what is wanted."""
        before, mark, after = wanted.partition(SIGNATURE)
        if not mark or sent is None or not (sent.startswith(before) and sent.endswith(after)):
            return sent
        signature = sent[len(before) : len(sent) - len(after)]
        return wanted if self._is_signature(unquote(signature), example.signed or "") else sent

    def _is_signature(self, text: str, of: str) -> bool:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 -- few examples need it
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        public = getattr(self.key, "public_key", None)
        if not isinstance(public, RSAPublicKey):
            return False
        try:
            public.verify(b64decode(text), of.encode(), PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def _sent(draft: Draft) -> dict[str, str]:
    """By the names that an example's texts have."""
    headers = {f"header {name.decode()}": value.decode("latin-1") for name, value in draft.fields}
    query = draft.target.partition(b"?")[2].decode()
    return headers | {"query": query, "body": (draft.body or b"").decode("utf-8", "replace")}
