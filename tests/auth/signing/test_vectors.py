"""Every algorithm against the signatures of the vendor's own SDK (vectors.yaml)."""

from __future__ import annotations

import base64
import calendar
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.auth.signing.canonical import encoded
from proxy.auth.signing.request import Keys, Moment, Signable, Signed
from proxy.auth.signing.vendors import ALGORITHMS
from proxy.auth.signing.vendors.bce import bce

VECTORS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("vectors.yaml").read_text("utf-8"))["vectors"]


def wire(text: str) -> str:
    return text.encode().decode("latin-1")


def signable(vector: dict[str, Any]) -> Signable:
    request, sent = vector["request"], vector["input"]
    body = base64.b64decode(request["body_base64"]) if "body_base64" in request else request["body"].encode()
    headers = [(name.lower(), wire(value)) for name, value in request["headers"] if name.lower() != "host"]
    unsigned = any("UNSIGNED-PAYLOAD" in value for _, value in headers)
    path, query = wire(request["path"]), wire(request["query"])
    if vector["sign"] == "aliyun-rpc":  # the SDK's own are taken out before
        query = "&".join(part for part in query.split("&") if not _OURS.match(part))
    return Signable(
        request["method"],
        request["host"],
        path,
        query,
        headers,
        None if unsigned else body,
        signed_by(vector, sent),
    )


_OURS = re.compile(r"(?:Signature(?!Type)|AccessKeyId|Timestamp|SecurityToken)")


def signed_by(vector: dict[str, Any], sent: dict[str, Any]) -> tuple[str, ...] | None:
    if vector["sign"] == "bce-auth-v1":
        return tuple(sent["signed_headers"].split(";")) if "signed_headers" in sent else ()
    if "additional_headers" in sent:
        return tuple(sent["additional_headers"].split(";"))
    proof = next(iter(vector["expect"].get("headers", {}).values()), "")
    listed = re.search(r"(?:SignedHeaders=|q-header-list=)([^,&]+)", proof)
    return tuple(listed[1].split(";")) if listed else None


def keys(sent: dict[str, Any]) -> Keys:
    access = sent.get("access_key", sent.get("secret_id"))
    return Keys(access, sent["secret_key"], sent.get("session_token"), sent.get("region", ""), sent.get("service", ""))


def signed(vector: dict[str, Any]) -> Signed:
    sent = vector["input"]
    wall = calendar.timegm(time.strptime(sent["time"], "%Y-%m-%dT%H:%M:%SZ"))
    moment = Moment(float(wall), lambda: sent.get("nonce", "0" * 32))
    if "expire_seconds" in sent:
        return bce(signable(vector), keys(sent), moment, sent["expire_seconds"])
    return ALGORITHMS[vector["sign"]].sign(signable(vector), keys(sent), moment)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_the_signature_is_the_sdks(vector: dict[str, Any]) -> None:
    made = signed(vector)
    proof = {name.lower(): value for name, value in made.headers.items()}.get("authorization", "")
    if "query_raw" in vector["expect"]:
        assert f"Signature={vector['expect']['query_raw']['Signature']}" in made.query.split("&")
        return
    wanted = next(iter(vector["expect"]["headers"].values()))
    if vector.get("sdk_oddity"):
        rule = vector["by_the_rule"]
        wanted = rule.get("Authorization") or re.sub(r"(?<=Signature=)\w+", rule["Signature"], wanted)
    assert proof.replace(", ", ",") == wanted.replace(", ", ",")


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_what_is_added_beside_it_is_what_the_sdk_sent(vector: dict[str, Any]) -> None:
    """Dates, nonces, the body's digest, the session token."""
    sent = {name.lower(): value for name, value in vector["request"]["headers"]}
    made = signed(vector)
    for name, value in made.headers.items():
        if name.lower() != "authorization":
            assert sent[name.lower()] == value
        assert name.lower() in ALGORITHMS[vector["sign"]].fills
    if made.query:
        there = set(vector["request"]["query"].split("&"))
        assert {part for part in made.query.split("&") if not part.startswith("Signature=")} <= there


def test_every_algorithm_has_vectors() -> None:
    assert {vector["sign"] for vector in VECTORS} == ALGORITHMS.keys()


def test_no_secret_is_shown() -> None:
    assert "hush" not in repr(Keys("ak", "hush", "hush-too"))
    assert encoded("a b/ü~") == "a%20b%2F%FC~"
