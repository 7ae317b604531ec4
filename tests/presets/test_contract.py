"""Every preset is proven by its own examples, run through the code that the proxy runs.

The form of the examples (a new preset needs nothing but its YAML file):

    examples:
      with: {PARAMETER: VALUE}          what the examples are filled with; `made-up RSA key` and the like are made here
      login:                            not for static providers
        - about: what is shown
          identity: TEXT                    what the file or command holds that the workload shows, if it shows one
          request: {method:, url:, headers:, json: | form:}     what must be sent (any part of it)
          jwt: {header:, claims:}           what {jwt} in it says; {fingerprint}, {x5t_s256}, {jti} are as made
          reply: {status:, headers:, json: | text:}             what the issuer answers
          token: / lifetime:                                    what comes of it, or
          error: {class:, code:, hint:, message:, again:, retry_after:}   hint and message: a part of the text
        - about:                          where a JWT is made here, and nobody asked
          at: UNIX TIME
          header: / claims:               what it says
          token: / lifetime:
      refusals:                         not for static providers
        - {about:, reply: {...}, refused: true | false, age: seconds, safe: true | false}
      dead:                             for static providers, which nothing renews
        - {about:, reply: {...}, dead: true | false}
      injection:                        not where requests are signed
        - {token:, headers: {NAME: VALUE}, query:, cookie:, json:, form:, path:}   what is added to a request
      signing:                          where requests are signed
        - {about:, at: UNIX TIME, request: {method:, path:, query:, headers:, text:},
           headers: | query: | body:, signed: TEXT}   what goes out, at the nonce 00...01; `{signature}` is one of RSA,
                                        over the text `signed`
      skewed:                           where the preset knows how an API tells that the clock is off
        - {about:, reply: {...}, skewed: true | false}
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import TypeAdapter

from proxy.auth.keys.provider import Inject
from proxy.auth.placing.draft import Draft
from proxy.auth.refusal.refusal import Refusals, Verdict
from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.token import IssuerReply, IssuerRequest, Minted, Token
from proxy.config.presets import presets
from proxy.config.written.catalogue import expand
from proxy.config.written.preset import Preset
from proxy.errors import IssuerError
from proxy.http.origin import Origin
from proxy.values.now import Now
from proxy.values.signing import fingerprint
from tests.presets.made_up import KEYS, names_of, parameters_of

WALL = 1_700_000_000.0
NOW = Now(0.0, 0.0)
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
CATALOGUE: dict[str, Preset] = dict(presets())
PROVIDER: TypeAdapter[Any] = TypeAdapter(Provider)


def given(name: str) -> dict[str, Any]:
    return parameters_of(CATALOGUE[name])


def provider_of(name: str) -> Any:
    filled = {"use": name, **given(name)}
    expanded = expand({"providers": {"example": filled}}, CATALOGUE)
    assert not expanded.findings
    return PROVIDER.validate_python(expanded.tree["providers"]["example"])


def is_static(name: str) -> bool:
    return scheme_for(provider_of(name), frozenset()).start(NOW) is not None


def is_signed(name: str) -> bool:
    return CATALOGUE[name].provider["scheme"] == "signed"


def secrets_of(name: str) -> frozenset[str]:
    parameters = CATALOGUE[name].parameters
    return frozenset(str(value) for key, value in given(name).items() if parameters[key].secret)


def examples(kind: str) -> list[Any]:
    return [
        pytest.param(name, example, id=f"{name}: {example.get('about', example.get('token'))}")
        for name, preset in CATALOGUE.items()
        for example in preset.examples.get(kind, ())
    ]


def body_of(reply: Mapping[str, Any]) -> bytes:
    return json.dumps(reply["json"]).encode() if "json" in reply else reply.get("text", "").encode()


def head_of(reply: Mapping[str, Any]) -> dict[str, str]:
    return {"Content-Type": "application/json" if "json" in reply else "text/plain", **reply.get("headers", {})}


def mint(name: str, reply: Mapping[str, Any], identity: str = "example-identity") -> tuple[Any, Minted | IssuerError]:
    """The request that is sent, and what comes of the reply."""
    flow = scheme_for(provider_of(name), secrets_of(name)).login(WALL, None)
    request = next(flow)
    if not isinstance(request, IssuerRequest):
        request = flow.send(IssuerReply(200, {}, identity.encode()))
    headers = {key.lower(): value for key, value in head_of(reply).items()}
    try:
        flow.send(IssuerReply(reply["status"], headers, body_of(reply)))
    except StopIteration as stop:
        return request, stop.value
    except IssuerError as error:
        return request, error
    pytest.fail("a preset's login is one request")


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_preset_has_examples_of_each_kind_that_applies(name: str) -> None:
    shown = CATALOGUE[name].examples
    static, signs = is_static(name), is_signed(name)
    kinds = {"with", "dead" if static else "refusals", "signing" if signs else "injection"}
    assert kinds <= set(shown) <= kinds | ({"skewed"} if signs else set() if static else {"login"})
    if signs:
        wanted = {True, False} if CATALOGUE[name].provider.get("skewed") else set()
        assert {example["skewed"] for example in shown.get("skewed", ())} == wanted
    if static:
        assert {example["dead"] for example in shown["dead"]} == ({True, False} if CATALOGUE[name].dead else {False})
    else:
        assert {example["refused"] for example in shown["refusals"]} == {True, False}
        assert shown["login"]
    if scheme_for(provider_of(name), frozenset()).consent is not None:
        assert any("request" in example for example in shown["login"])
        assert any("token" in example for example in shown["login"])
        assert any("error" in example for example in shown["login"])


@pytest.mark.parametrize(("name", "example"), examples("login"))
def test_login(name: str, example: dict[str, Any]) -> None:
    if "at" in example:
        check_made_here(name, example)
        return
    request, minted = mint(name, example["reply"], example.get("identity", "example-identity"))
    if "request" in example:
        check_request(without_jwt(request), example["request"])
    if "jwt" in example:
        check_carried(request, example["jwt"], name)
    if "error" in example:
        assert isinstance(minted, IssuerError), minted
        check_error(minted, example["error"])
        assert not any(secret in minted.message for secret in secrets_of(name))
    else:
        assert isinstance(minted, Minted), minted
        assert (minted.value, minted.lifetime) == (example["token"], example["lifetime"])


def check_made_here(name: str, example: dict[str, Any]) -> None:
    with pytest.raises(StopIteration) as stop:
        next(scheme_for(provider_of(name), secrets_of(name)).login(example["at"], None))
    minted = stop.value.value
    header, claims = parts_of(minted.value)
    assert header == example["header"]
    assert claims == _with_names(example["claims"], name)
    assert (minted.value, minted.lifetime) == (example.get("token", minted.value), example["lifetime"])


def without_jwt(request: Any) -> Any:
    """`{jwt}` where one was made for this request."""
    body = None if request.body is None else _JWT.sub("{jwt}", request.body.decode()).encode()
    headers = tuple((name, _JWT.sub("{jwt}", value)) for name, value in request.headers)
    return replace(request, body=body, headers=headers)


def check_carried(request: Any, wanted: dict[str, Any], name: str) -> None:
    sent = " ".join([*(value for _, value in request.headers), (request.body or b"").decode()])
    (carried,) = _JWT.findall(sent)
    header, claims = parts_of(carried)
    assert header == _with_names(wanted["header"], name)
    jti = {"{jti}": claims.get("jti", "")}
    assert claims == _with_names(wanted["claims"], name, jti)


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = (urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims)


def _with_names(written: dict[str, Any], name: str, more: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """What the made-up key of the preset's examples is called by."""
    said = next((value for value in CATALOGUE[name].examples["with"].values() if value in KEYS), None)
    texts = {"{fingerprint}": fingerprint(KEYS[said]), **names_of(said), **more} if said is not None else more
    return {key: _replaced(value, texts) if isinstance(value, str) else value for key, value in written.items()}


def _replaced(text: str, texts: Mapping[str, str]) -> str:
    for name, value in texts.items():
        text = text.replace(name, value)
    return text


def check_request(request: Any, wanted: dict[str, Any]) -> None:
    assert set(wanted) <= {"method", "url", "headers", "json", "form"}
    assert request.method == wanted.get("method", request.method)
    assert request.url == wanted.get("url", request.url)
    assert wanted.get("headers", {}).items() <= dict(request.headers).items()
    if "json" in wanted:
        assert json.loads(request.body) == wanted["json"]
    elif "form" in wanted:
        assert request.body.decode() == wanted["form"]
    else:
        assert request.body is None


def check_error(error: IssuerError, wanted: dict[str, Any]) -> None:
    assert set(wanted) <= {"class", "code", "hint", "message", "again", "retry_after"}
    assert error.failure == wanted["class"], error
    assert error.error == wanted.get("code", error.error)
    assert wanted.get("hint", "") in (error.hint or "")
    assert wanted.get("message", "") in error.message
    assert error.again == wanted.get("again", False)
    assert error.retry_after == wanted.get("retry_after")


@pytest.mark.parametrize(("name", "example"), examples("refusals"))
def test_refusals(name: str, example: dict[str, Any]) -> None:
    assert is_told(Refusals.compile(provider_of(name).effective_refusals), example) is example["refused"]


def is_told(refusals: Refusals, example: Mapping[str, Any]) -> bool:
    reply, age, safe = example["reply"], example.get("age", 3600), example.get("safe", False)
    headers = [(key.encode(), value.encode()) for key, value in head_of(reply).items()]
    verdict = refusals.head(reply["status"], headers, age, safe)
    if verdict is Verdict.READ_BODY:
        return refusals.reading(reply["status"], headers, age, safe).refuses(body_of(reply), True)
    return verdict is Verdict.REFUSED


@pytest.mark.parametrize(("name", "example"), examples("dead"))
def test_the_death_of_a_credential_that_nothing_renews(name: str, example: dict[str, Any]) -> None:
    assert is_told(Refusals.compile(CATALOGUE[name].dead), example) is example["dead"]
    assert not is_told(Refusals.compile(provider_of(name).effective_refusals), example), "it must fetch nothing"


@pytest.mark.parametrize(("name", "example"), examples("injection"))
def test_injection(name: str, example: dict[str, Any]) -> None:
    provider = provider_of(name)
    scheme = scheme_for(provider, secrets_of(name))
    there = scheme.start(NOW)
    if there is not None:
        assert there.value == example["token"]
    base = CATALOGUE[name].base() or ""
    injection = scheme.placing(provider.inject_beside(path="{token}" in base), ())
    rendered = injection.render(there or Token.eternal(example["token"], NOW))
    lines = "".join(f"{key}: {value}\r\n" for key, value in example.get("headers", {}).items())
    assert rendered.headers == lines.encode()
    assert rendered.query == example.get("query", "").encode()
    assert rendered.cookie == example.get("cookie", "").encode()
    assert {".".join(keys): value for keys, value in rendered.json} == example.get("json", {})
    assert rendered.form == example.get("form", "").encode()
    assert ("path" in example) is ("{token}" in base)
    if "path" in example:
        assert base.replace("{token}", example["token"]).endswith(example["path"])


@pytest.mark.parametrize(("name", "example"), examples("signing"))
def test_signing(name: str, example: dict[str, Any]) -> None:
    draft = signed(name, example)
    sent = {key.decode(): value.decode() for key, value in draft.fields}
    whole = draft.target.partition(b"?")[2].decode()
    assert set(example) <= {"about", "at", "request", "headers", "query", "body", "signed"}
    assert {"headers", "query", "body"} & set(example)
    for key, wanted in example.get("headers", {}).items():
        check_text(name, sent[key], wanted, example)
    if "query" in example:
        check_text(name, whole, example["query"], example)
    if "body" in example:
        check_text(name, draft.body.decode(), example["body"], example)
    assert not any(secret in f"{sent} {draft.target!r} {draft.body!r}" for secret in lasting_secrets(name))


def signed(name: str, example: Mapping[str, Any]) -> Draft:
    request = {"path": "", "query": "", "headers": {}, "text": None, **example["request"]}
    url = urlsplit(filled(name, CATALOGUE[name].base() or ""))
    lines = [f"{key}: {value}\r\n".encode() for key, value in request["headers"].items()]
    origin = Origin(True, url.hostname or "", url.port or 443)
    draft = Draft(request["method"], origin, url.path.encode() or b"/", request["path"].encode(), lines)
    draft.query, draft.body = request["query"].encode(), None if request["text"] is None else request["text"].encode()
    draft.clock = lambda: Now(0.0, example.get("at", 1767323045))
    scheme = scheme_for(provider_of(name), secrets_of(name))
    placing = replace(scheme.placing(Inject(), ()), nonce=lambda: "1".rjust(32, "0"))
    placing.place(draft, scheme.start(NOW))
    return draft


def filled(name: str, text: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: given(name)[match[1]], text)


def lasting_secrets(name: str) -> list[str]:
    """Those that sign; a token goes along."""
    sign = provider_of(name).sign
    return [sign.secret_key]


def check_text(name: str, sent: str, wanted: str, example: Mapping[str, Any]) -> None:
    if "{signature}" not in wanted:
        assert sent == wanted
        return
    before, after = wanted.split("{signature}")
    assert sent.startswith(before)
    assert sent.endswith(after)
    signature = b64decode(unquote(sent[len(before) : len(sent) - len(after)]))
    public = next(KEYS[value] for value in CATALOGUE[name].examples["with"].values() if value in KEYS).public_key
    public.verify(signature, example["signed"].encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize(("name", "example"), examples("skewed"))
def test_what_tells_that_the_clock_is_off(name: str, example: dict[str, Any]) -> None:
    assert is_told(Refusals.compile(provider_of(name).skewed), example) is example["skewed"]


def test_trap_07_two_presets_of_one_account_share_one_token() -> None:
    keys = {"api_key": "a", "secret_key": "b"}

    def identity(preset: str, **changed: str) -> str:
        tree = {"providers": {"x": {"use": preset, **keys, **changed}}}
        provider = PROVIDER.validate_python(expand(tree, CATALOGUE).tree["providers"]["x"])
        return scheme_for(provider, frozenset()).identity

    assert identity("baidu-qianfan") == identity("baidu-ai")
    assert identity("baidu-qianfan") != identity("baidu-qianfan", secret_key="c")


@pytest.mark.parametrize("name", [name for name in CATALOGUE if provider_of(name).stand_in is not None])
def test_a_stand_in_has_the_shape_of_the_issuers_own_reply(name: str) -> None:
    stand_in = provider_of(name).stand_in
    reply = mint(name, {"status": 200, "json": stand_in.reply})[1]
    assert isinstance(reply, Minted)
    assert reply.value == "{placeholder}"
