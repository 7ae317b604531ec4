"""Digests that a config describes, against the signatures of the vendors' SDKs (digests.yaml)."""

from __future__ import annotations

import calendar
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus

import pytest
import yaml

from proxy.auth.keys.digest import Digest
from proxy.auth.keys.sign import Sign
from proxy.auth.placing.draft import Draft
from proxy.auth.token import Token
from proxy.http.origin import Origin
from proxy.values.now import Now

VECTORS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("digests.yaml").read_text("utf-8"))["vectors"]
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
}
_KEYS = ("app_key", "client_id", "api_key")
_SECRETS = ("app_secret", "client_secret", "sign_secret", "api_secret")


def placed(vector: dict[str, Any]) -> Draft:
    sent, request = vector["input"], vector["request"]
    vendor = next(VENDORS[name] for name in sorted(VENDORS, reverse=True) if vector["id"].startswith(name))
    access = next(sent[key] for key in _KEYS if key in sent)
    secret = next(sent[key] for key in _SECRETS if key in sent)
    session = sent.get("access_token")
    sign = Sign.model_validate(
        {"name": "digest", "access_key": access, "secret_key": secret, "session_token": session, "digest": vendor}
    )
    assert list(sign.check(("p",))) == []
    wall = calendar.timegm(time.strptime(sent["time"], "%Y-%m-%dT%H:%M:%SZ"))
    lines = [f"{name}: {value}\r\n".encode() for name, value in request["headers"] if name != "Content-Length"]
    draft = Draft(request["method"], Origin(True, request["host"], 443), b"/", request["path"].encode(), lines)
    draft.query, draft.body = request["query"].encode(), request["body"].encode()
    draft.clock = lambda: Now(0.0, float(wall))
    sign.signing().place(draft, Token.eternal(secret, Now(0.0, 0.0)))
    return draft


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_the_signature_is_the_sdks(vector: dict[str, Any]) -> None:
    draft = placed(vector)
    [(place, names)] = vector["expect"].items()
    [(name, signature)] = names.items()
    wanted = vector["by_the_rule"][name] if vector.get("sdk_oddity") else signature
    if place == "headers":
        assert [value.decode() for key, value in draft.fields if key.decode() == name] == [wanted]
    else:
        assert unquote(draft.query.decode().rpartition("&")[2]) == f"{name}={unquote(wanted)}"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_beside_it_stands_what_the_sdk_sent(vector: dict[str, Any]) -> None:
    draft = placed(vector)
    sent = {unquote_plus(part) for part in vector["request"]["query"].split("&")}
    parts = draft.query.decode().split("&")
    assert {unquote_plus(part) for part in (parts if "headers" in vector["expect"] else parts[:-1])} <= sent
    headers = {name.encode(): value.encode() for name, value in vector["request"]["headers"]}
    assert all(headers.get(name, value) == value for name, value in draft.fields)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown name": ({"text": "{secrets}"}, "text"),
    "a brace": ({"pair": "{"}, "pair"),
    "the digest in the digest": ({"text": "{signature}"}, "text"),
    "the secret in the query": ({"query": {"a": "{secret}", "sign": "{signature}"}}, "query.a"),
    "no header": ({"headers": {"a b": "{signature}"}}, "headers.a b"),
    "no place": ({"query": {}}, ""),
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
