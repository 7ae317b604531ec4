"""Digests that a config describes, against the signatures of the vendors' SDKs (digests.yaml)."""

from __future__ import annotations

import base64
import calendar
import gzip
import hashlib
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
import yaml

from proxy.auth.keys.digest import Digest
from proxy.auth.keys.sign import Sign
from proxy.auth.placing.draft import Draft
from proxy.auth.token import Token
from proxy.config.presets import presets
from proxy.config.proof.made_up import parameters_of
from proxy.config.written.catalogue import expand
from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.values.now import Now

WRITTEN: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("digests.yaml").read_text("utf-8"))
VECTORS: list[dict[str, Any]] = WRITTEN["vectors"]


def of_preset(name: str, **changed: Any) -> dict[str, Any]:
    filled = {"use": name, **parameters_of(presets()[name]), **changed}
    expanded = expand({"providers": {"example": filled}}, presets())
    digest: dict[str, Any] = expanded.tree["providers"]["example"]["sign"]["digest"]
    return digest


TOP = {
    "hash": "md5",
    "output": "HEX",
    "text": "{secret}{pairs}{secret}",
    "time": "ms",
    "query": {"app_key": "{access_key}", "sign_method": "md5", "timestamp": "{time}", "sign": "{signature}"},
}
KUAISHOU = {
    "hash": "md5",
    "text": "{pairs}&signSecret={secret}",
    "pair": "{name}={value}",
    "glue": "&",
    "time": "ms",
    "query": {
        "appkey": "{access_key}",
        "timestamp": "{time}",
        "access_token": "{session_token}",
        "signMethod": "MD5",
        "sign": "{signature}",
    },
}
OKX = {
    "hash": "sha256",
    "hmac": True,
    "output": "base64",
    "text": "{time}{method}{target}{body}",
    "time": "iso_ms",
    "headers": {"OK-ACCESS-KEY": "{access_key}", "OK-ACCESS-TIMESTAMP": "{time}", "OK-ACCESS-SIGN": "{signature}"},
}
VENDORS: dict[str, dict[str, Any]] = {
    "top": TOP,
    "pdd": TOP | {"time": "s", "query": {"client_id": "{access_key}", "timestamp": "{time}", "sign": "{signature}"}},
    "jd": TOP
    | {
        "time": "%Y-%m-%d %H:%M:%S.000%z",
        "zone": "8h",
        "query": {"app_key": "{access_key}", "timestamp": "{time}", "sign": "{signature}"},
    },
    "kuaishou-md5": KUAISHOU,
    "kuaishou-hmac": KUAISHOU
    | {"hash": "sha256", "hmac": True, "output": "base64", "query": KUAISHOU["query"] | {"signMethod": "HMAC_SHA256"}},
    "doudian": {
        "hash": "sha256",
        "hmac": True,
        "text": "{secret}{pairs}{secret}",
        "time": "%Y-%m-%d %H:%M:%S",
        "zone": "8h",
        "leave_out": ["sign_method", "access_token"],
        "query": {
            "app_key": "{access_key}",
            "timestamp": "{time}",
            "v": "2",
            "sign_method": "hmac-sha256",
            "sign": "{signature}",
        },
    },
    "binance": {
        "hash": "sha256",
        "hmac": True,
        "text": "{query}{body}",
        "time": "ms",
        "query": {"timestamp": "{time}", "signature": "{signature}"},
        "headers": {"X-MBX-APIKEY": "{access_key}"},
    },
    "okx": OKX,
    "bitget": OKX
    | {
        "time": "ms",
        "headers": {"ACCESS-KEY": "{access_key}", "ACCESS-TIMESTAMP": "{time}", "ACCESS-SIGN": "{signature}"},
    },
    "bybit": {
        "hash": "sha256",
        "hmac": True,
        "text": "{time}{access_key}5000{query}{body}",
        "time": "ms",
        "headers": {
            "X-BAPI-API-KEY": "{access_key}",
            "X-BAPI-TIMESTAMP": "{time}",
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": "{signature}",
        },
    },
    "iflytek-spark": of_preset("iflytek-ws"),
    "iflytek-iat": of_preset("iflytek-ws"),
    "iflytek-digest": {
        "hash": "sha256",
        "hmac": True,
        "output": "base64",
        "text": "host: {host}\ndate: {time}\n{method} {path} HTTP/1.1\ndigest: SHA-256={body|sha256|base64}",
        "time": "http",
        "headers": {
            "Date": "{time}",
            "Digest": "SHA-256={body|sha256|base64}",
            "Authorization": 'api_key="{access_key}", algorithm="hmac-sha256", '
            'headers="host date request-line digest", signature="{signature}"',
        },
    },
    "iflytek-md5": of_preset("iflytek-checksum"),
    "wechatpay": of_preset("wechatpay-v3"),
    "alipay": of_preset("alipay") | {"zone": "0s"},  # the SDKs take the machine's own time
    "xiaohongshu": of_preset("xiaohongshu-ark"),
    "cainiao": of_preset("cainiao"),
    "upyun": of_preset("upyun"),
}
KEYS = {
    "iflytek-md5": ("app_id", "api_key"),
    "wechatpay": ("mchid", "private_key"),
    "alipay": ("app_id", "private_key"),
    "xiaohongshu": ("app_id", "app_secret"),
    "cainiao": ("logistic_provider_id", "app_secret"),
    "kuaishou": ("app_key", "sign_secret"),
    "pdd": ("client_id", "client_secret"),
    "binance": ("api_key", "api_secret"),
    "okx": ("api_key", "api_secret"),
    "bybit": ("api_key", "api_secret"),
    "bitget": ("api_key", "api_secret"),
    "iflytek": ("api_key", "api_secret"),
    "upyun": ("username", "password"),
}
"""Names in the vectors; `app_key` and `app_secret` with the others."""
AT = "2026-01-02T03:04:05Z"


def of_vendor(vector: dict[str, Any], table: dict[str, Any], default: Any = None) -> Any:
    return next((table[name] for name in sorted(table, reverse=True) if vector["id"].startswith(name)), default)


def placed(vector: dict[str, Any]) -> Draft:
    sent, request = vector["input"], vector["request"]
    access, secret = (sent[name] for name in of_vendor(vector, KEYS, ("app_key", "app_secret")))
    secret = WRITTEN["rsa_key"] if secret.startswith("keys.") else secret
    digest = of_vendor(vector, VENDORS)
    written = {"name": "digest", "access_key": access, "secret_key": secret, "digest": digest}
    sign = Sign.model_validate(written | {"session_token": sent.get("access_token")})
    assert list(sign.check(("p",))) == []
    wall = calendar.timegm(time.strptime(sent.get("time", AT), "%Y-%m-%dT%H:%M:%SZ"))
    lines = [f"{name}: {value}\r\n".encode() for name, value in request["headers"] if name not in _OF_CONNECTION]
    host, _, port = request["host"].partition(":")
    draft = Draft(request["method"], Origin(True, host, int(port or 443)), b"/", request["path"].encode(), lines)
    body = base64.b64decode(request["body_base64"]) if "body_base64" in request else request["body"].encode()
    draft.query, draft.body = request["query"].encode(), body
    draft.clock = lambda: Now(0.0, float(wall))
    signing = replace(sign.signing(), nonce=lambda: sent.get("nonce", "0" * 32))
    signing.place(draft, Token.eternal(secret, Now(0.0, 0.0)))
    return draft


_OF_CONNECTION = ("Content-Length", "Host")


def fields(draft: Draft) -> dict[str, dict[str, str]]:
    body = (draft.body or b"").decode("utf-8", "replace")
    return {
        "headers": {name.decode(): value.decode() for name, value in draft.fields},
        "query_raw": pairs(draft.query.decode()),
        "form": pairs(body),
        "json": json.loads(body) if body.startswith("{") else {},
    }


def pairs(text: str) -> dict[str, str]:
    return {
        unquote_plus(name): unquote_plus(value) for name, _, value in (each.partition("=") for each in text.split("&"))
    }


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_the_signature_is_the_sdks(vector: dict[str, Any]) -> None:
    made = fields(placed(vector))
    for place, names in vector["expect"].items():
        for name, signature in names.items():
            assert made[place][name] == by_the_rule(
                vector, name, unquote_plus(signature) if place == "query_raw" else signature
            )


def by_the_rule(vector: dict[str, Any], name: str, sdks: str) -> str:
    """What the rule gives where the SDK leaves it."""
    rule = vector.get("by_the_rule", {})
    if name in rule:
        return str(rule[name])
    return re.sub(r'(?<=signature=")[^"]+', rule["signature"], sdks) if "signature" in rule else sdks


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_beside_it_stands_what_the_sdk_sent(vector: dict[str, Any]) -> None:
    made, request = fields(placed(vector)), vector["request"]
    signed = {name for names in vector["expect"].values() for name in names}
    assert {name: value for name, value in made["query_raw"].items() if name not in signed}.items() <= pairs(
        request["query"]
    ).items()
    headers = dict(request["headers"])
    assert all(headers.get(name, value) == value for name, value in made["headers"].items())
    if "form" in vector["expect"] or "json" in vector["expect"]:
        assert made["form"] == pairs(request["body"]) or made["json"] == json.loads(request["body"])


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown name": ({"text": "{secrets}"}, "text"),
    "a brace": ({"pair": "{"}, "pair"),
    "the digest in the digest": ({"text": "{signature}"}, "text"),
    "the secret in the query": ({"query": {"a": "{secret}", "sign": "{signature}"}}, "query.a"),
    "no header": ({"headers": {"a b": "{signature}"}}, "headers.a b"),
    "no place": ({"query": {}}, ""),
    "an unknown filter": ({"text": "{pairs|md6|hex}"}, "text"),
    "a hash that is no text": ({"text": "{body|sha256}"}, "text"),
    "a part without a name": ({"text": "{form.}"}, "text"),
    "the body in a field of the body": ({"form": {"sign": "{body}{signature}"}}, "form.sign"),
    "another value in the key": ({"hmac": True, "key": "{time}"}, "key"),
    "the secret in what is sent": ({"proof": "{secret}"}, "proof"),
}


@pytest.mark.parametrize(("changed", "place"), BAD.values(), ids=BAD)
def test_mistakes(changed: dict[str, Any], place: str) -> None:
    found = list(Digest.model_validate(TOP | changed).check(()))
    assert [".".join(map(str, each.where)) for each in found] == [place]


def test_the_description_belongs_to_the_name() -> None:
    keys = {"access_key": "a", "secret_key": "b"}
    for wrong in ({"name": "digest", **keys}, {"name": "cos", **keys, "digest": TOP}):
        with pytest.raises(ValueError, match="go together"):
            Sign.model_validate(wrong)


def test_empty_values_can_be_left_out() -> None:
    digest = TOP | {"empty": False, "query": {"sign": "{signature}"}}
    made = Sign.model_validate({"name": "digest", "access_key": "a", "secret_key": "b", "digest": digest}).signing()
    signatures = []
    for query in (b"a=1&b=", b"a=1"):
        draft = Draft("GET", Origin(True, "a.example", 443), b"/", b"", [])
        draft.query = query
        made.place(draft, Token.eternal("b", Now(0.0, 0.0)))
        signatures.append(draft.query.rpartition(b"=")[2])
    assert signatures[0] == signatures[1]


@pytest.mark.parametrize(
    "wrong",
    [{"hmac": True, "rsa": True}, {"rsa": True}, {"form": {"a": "{signature}"}, "json": {"a": "{signature}"}}],
    ids=["two ways", "rsa over md5", "two bodies"],
)
def test_what_excludes_each_other(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"either|sha1 or sha256|a form or JSON"):
        Digest.model_validate(TOP | wrong)


def sent(digest: dict[str, Any], body: bytes, *lines: bytes, session: str | None = None, query: bytes = b"") -> Draft:
    keys = {"access_key": "a", "secret_key": "b", "session_token": session}
    made = Sign.model_validate({"name": "digest", **keys, "digest": digest}).signing()
    draft = Draft("POST", Origin(True, "a.example", 443), b"/", b"", list(lines))
    draft.body, draft.query, draft.clock = body, query, lambda: Now(0.0, 1767323045.0)
    made.place(draft, Token.eternal("b", Now(0.0, 0.0)))
    return draft


IN_FORM = {"hash": "md5", "text": "{pairs}{secret}", "form": {"key": "{access_key}", "sign": "{signature}"}}
FORM_LINE = b"Content-Type: application/x-www-form-urlencoded\r\n"


def test_a_signature_in_a_form_takes_the_clients_place() -> None:
    draft = sent(IN_FORM, b"sign=made-up&x=1&KEY=other", FORM_LINE)
    wanted = hashlib.md5(b"keyax1b").hexdigest()
    assert draft.body == f"x=1&key=a&sign={wanted}".encode()


def test_a_form_without_a_type_or_a_body_becomes_one() -> None:
    draft = sent(IN_FORM, b"")
    assert draft.body == f"key=a&sign={hashlib.md5(b'keyab').hexdigest()}".encode()
    assert draft.fields == [(b"Content-Type", b"application/x-www-form-urlencoded")]


def test_a_compressed_form_is_opened() -> None:
    draft = sent(IN_FORM, gzip.compress(b"x=1"), FORM_LINE, b"Content-Encoding: gzip\r\n")
    assert draft.body is not None
    assert draft.body.startswith(b"x=1&key=a&sign=")
    assert draft.fields == [(b"Content-Type", b"application/x-www-form-urlencoded")]


@pytest.mark.parametrize("digest", [IN_FORM, {"hash": "md5", "text": "{secret}", "json": {"sign": "{signature}"}}])
def test_another_body_can_take_no_signature(digest: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        sent(digest, b"<xml/>", b"Content-Type: text/xml\r\n")
    assert raised.value.code == "bad_request"


def test_a_token_that_is_not_there_leaves_its_parameters_out() -> None:
    digest = IN_FORM | {"form": IN_FORM["form"] | {"session": "{session_token}"}}
    assert b"session" not in (sent(digest, b"session=mine", FORM_LINE).body or b"")
    assert b"&session=s&sign=" in (sent(digest, b"", FORM_LINE, session="s").body or b"")


NAMED = "{query.a}|{form.b}|{form.c|and}|{header.x-a|lower}|{header.x-b|upper}|{method}|{secret|md5|HEX}|{form.b|form}"


def test_what_texts_can_name() -> None:
    """`text` is shown by a hash that is undone: it is the same for the plain text."""
    draft = sent(
        {"hash": "md5", "text": NAMED, "headers": {"S": "{signature}"}},
        b"b=x+%C3%BC&c=~",
        FORM_LINE,
        b"X-A: QQ\r\n",
        query=b"a=1&a=2",
    )
    plain = f"1|x ü|&~|qq||POST|{hashlib.md5(b'b').hexdigest().upper()}|x+%C3%BC"
    assert dict(draft.fields)[b"S"].decode() == hashlib.md5(plain.encode()).hexdigest()


@pytest.mark.parametrize(
    ("body", "value"),
    [(b'{"a":{"b":"\xc3\xbc"}}', "ü"), (b'{"a":{"b":7}}', "7"), (b'{"a":1}', ""), (b"[", ""), (b"[1]", ""), (b"", "")],
)
def test_a_field_of_json(body: bytes, value: str) -> None:
    draft = sent({"hash": "md5", "text": "{json.a.b}.", "headers": {"S": "{signature}"}}, body)
    assert dict(draft.fields)[b"S"].decode() == hashlib.md5(f"{value}.".encode()).hexdigest()


def test_a_key_that_is_none_is_named_without_being_shown() -> None:
    digest = IN_FORM | {"hash": "sha256", "rsa": True}
    sign = Sign.model_validate({"name": "digest", "access_key": "a", "secret_key": "hush-hush", "digest": digest})
    [finding] = sign.check(("p", "sign"))
    assert finding.where == ("p", "sign", "secret_key")
    assert "hush" not in finding.message


def test_a_form_without_the_part_that_is_signed_is_told() -> None:
    vector = next(vector for vector in VECTORS if vector["id"] == "wechatpay-v3-media-multipart")
    body = base64.b64decode(vector["request"]["body_base64"]).replace(b'name="meta"', b'name="mete"')
    request = vector["request"] | {"body_base64": base64.b64encode(body).decode()}
    with pytest.raises(Fault, match="the part meta"):
        placed(vector | {"request": request})


def test_words_of_any_script_are_signed_and_left_out() -> None:
    digest = IN_FORM | {"leave_out": ["签名"], "time": "%Y年", "zone": "8h"}
    draft = sent(digest | {"form": IN_FORM["form"] | {"t": "{time}"}}, "签名=old&x=1".encode(), FORM_LINE)
    wanted = hashlib.md5("keyat2026年x1b".encode()).hexdigest()
    assert draft.body == f"签名=old&x=1&key=a&t=2026{quote('年')}&sign={wanted}".encode()
