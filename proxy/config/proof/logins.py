"""Examples of logins: what is asked of an issuer, and what comes of its replies; or the JWT that is made here.

Owns: what of a login is compared. Must not know: presets, files, lines.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple

from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Flow, IssuerReply, IssuerRequest, Minted, Request
from proxy.config.proof.examples import Asked, Failed, Jwt, LoginExample
from proxy.config.proof.proof import Compared, Proof
from proxy.config.proof.replies import of_issuer
from proxy.errors import IssuerError
from proxy.values.record import record
from proxy.values.where import Where

WALL = 1_700_000_000.0
"""The time at which examples of exchanges happen."""
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


class Exchange(NamedTuple):
    """`sent` are the requests that the replies answer; `came` what it led to, or in words why it led to nothing."""

    sent: tuple[Request, ...]
    came: Minted | IssuerError | str


@record
class Logins:
    """`names` are the texts that an example may write for what is made anew each time."""

    scheme: Scheme
    secrets: frozenset[str] = field(repr=False)
    names: Mapping[str, str]

    def proof(self, where: Where, example: LoginExample) -> Proof:
        if example.reply is None:
            return self._made_here(where, example)
        sent, came = self.exchange(example)
        wanted = [step.request for step in example.before]
        expected: Compared = {"requests": len(wanted) + 1}
        got: Compared = {"requests": len(sent)}
        for index, (asked, request) in enumerate(zip([*wanted, example.request], sent, strict=False)):
            if asked is not None:
                _compare(asked, request, "request" if index == len(wanted) else f"request {index + 1}", expected, got)
        if example.jwt is not None:
            expected["jwt"], got["jwt"] = self._carried(example.jwt, sent)
        if example.error is None:
            expected |= {"token": example.token, "lifetime": example.lifetime, "upstream": example.upstream}
            got |= _of_minted(came)
        else:
            expected |= _of_failed(example.error) | {"secrets in the message": False}
            got |= self._of_error(example.error, came)
        return Proof(where, example.about, expected, got)

    def exchange(self, example: LoginExample) -> Exchange:
        """Every request that is sent, each answered with the example's replies, as far as they reach."""
        scheme = self.scheme.forced if example.forced else self.scheme
        if scheme is None:
            return Exchange((), "there is no refresh.forced")
        scheme = scheme.drawing(_zeros).registered(example.registered)
        flow = scheme.login(WALL, example.refresh_token)
        replies = iter([*(of_issuer(step.reply) for step in example.before), *_last(example)])
        sent: list[Request] = []
        try:
            came = self._run(flow, example.identity, replies, sent)
        except IssuerError as error:
            return Exchange(tuple(sent), error)
        return Exchange(tuple(sent), came)

    def _run(self, flow: Flow, identity: str, replies: Iterator[IssuerReply], sent: list[Request]) -> Minted | str:
        """`sent` fills up. Where an issuer is asked, the replies are its, and what a workload shows is `identity`."""
        issuer = self.scheme.consent is not None
        reply: Any = None
        while True:
            try:
                request = flow.send(reply)
            except StopIteration as stop:
                minted: Minted = stop.value
                return minted
            if issuer and not isinstance(request, IssuerRequest):
                reply = IssuerReply(200, {}, identity.encode())
                continue
            sent.append(request)
            reply = next(replies, None)
            if reply is None:
                return "the login goes on with another request"

    def _carried(self, wanted: Jwt, sent: tuple[Request, ...]) -> tuple[Compared, Any]:
        """The JWT of the requests: what it should say, and what it says."""
        asked = [request for request in sent if isinstance(request, IssuerRequest)]
        texts = [text for each in asked for text in (*(value for _, value in each.headers), _text(each))]
        carried = _JWT.findall(" ".join(texts))
        if len(carried) != 1:
            return wanted.model_dump(), f"{len(carried)} of them in the requests"
        header, claims = _parts(carried[0])
        names = {**self.names, "{jti}": claims.get("jti") or "{jti}"}
        expected = {"header": _named(wanted.header, names), "claims": _named(wanted.claims, names)}
        return expected, {"header": header, "claims": claims}

    def _of_error(self, wanted: Failed, came: Minted | IssuerError | str) -> Compared:
        if not isinstance(came, IssuerError):
            return _of_minted(came)
        return {
            "class": came.failure.value,
            "code": came.error if wanted.code is not None else None,
            "hint": wanted.hint if wanted.hint in (came.hint or "") else came.hint,
            "message": wanted.message if wanted.message in came.message else came.message,
            "again": came.again,
            "retry_after": came.retry_after,
            "secrets in the message": any(secret in came.message for secret in self.secrets),
        }

    def _made_here(self, where: Where, example: LoginExample) -> Proof:
        try:
            next(self.scheme.login(float(example.at or 0), None))
        except StopIteration as stop:
            minted: Minted = stop.value
        else:
            return Proof(where, example.about, {"made": "here"}, {"made": "by an issuer, which is asked"})
        header, claims = _parts(minted.value)
        expected: Compared = {"header": example.header, "claims": _named(example.claims or {}, self.names)}
        expected |= {"token": example.token or minted.value, "lifetime": example.lifetime, "upstream": None}
        return Proof(where, example.about, expected, {"header": header, "claims": claims} | _of_minted(minted))


def _last(example: LoginExample) -> Iterator[IssuerReply]:
    if example.reply is not None:
        yield of_issuer(example.reply)


def _zeros(kind: int | str) -> str:
    """Random texts would be other ones each time."""
    return "0" * kind if isinstance(kind, int) else kind


# ---------------------------------------------------------------------------------------------- texts


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def _named(written: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {key: _replaced(value, names) if isinstance(value, str) else value for key, value in written.items()}


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def _of_minted(came: Minted | IssuerError | str) -> Compared:
    if isinstance(came, Minted):
        return {"token": came.value, "lifetime": came.lifetime, "upstream": came.upstream}
    return {"error": str(came)}


def _of_failed(wanted: Failed) -> Compared:
    """`class` under its own name."""
    return wanted.model_dump(by_alias=True)


def _text(request: IssuerRequest) -> str:
    return (request.body or b"").decode()


def _compare(wanted: Asked, sent: Request, called: str, expected: Compared, got: Compared) -> None:
    """Adds what is said of the request, and the same of the one that was sent, in which `{jwt}` stands for any JWT.

    A body that isn't there is said, too.
    """
    if not isinstance(sent, IssuerRequest):
        expected[called], got[called] = "to an issuer", "of a command or a file"
        return
    headers = {name: _JWT.sub("{jwt}", value) for name, value in sent.headers}
    expected[f"{called} headers"] = wanted.headers
    got[f"{called} headers"] = {key: headers.get(key) for key in wanted.headers}
    for key in ("method", "url"):
        if (said := getattr(wanted, key)) is not None:
            expected[f"{called} {key}"], got[f"{called} {key}"] = said, getattr(sent, key)
    body = None if sent.body is None else _JWT.sub("{jwt}", _text(sent))
    if "json_" in wanted.model_fields_set:
        expected[f"{called} json"], got[f"{called} json"] = wanted.json_, _json(body)
    else:
        expected[f"{called} body"], got[f"{called} body"] = wanted.form, body


def _json(body: str | None) -> Any:
    try:
        return None if body is None else json.loads(body)
    except ValueError:
        return body
