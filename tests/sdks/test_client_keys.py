"""Vendors' own SDKs, and what other tools send, where the proxy has `clients`: the key that they take as the API's is a
client's, it lets them in wherever they put it, and the API never sees it.
"""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.model.client import new_key
from tests.conftest import Stage
from tests.sdks.test_sdks import PYTHON, answer, run

pytestmark = pytest.mark.skipif(not PYTHON, reason="the vendors' SDKs are not installed here: `make sdks` runs these")

REAL = "real-credential-of-the-api"
REPLY = answer('{"id": 1, "ok": true, "code": 0}', X_Elastic_Product="Elasticsearch")


def header(name: str, text: str = "{token}") -> dict[str, Any]:
    return {"inject": {"header": {name: text}}}


def stood_in(path: str, **provider: Any) -> dict[str, Any]:
    reply = {"access_token": "{placeholder}", "token_type": "bearer", "expires_in": 3600, "scope": "brain_all_scope *"}
    return provider | {"stand_in": {"path": path, "reply": reply}}


QUERY = {"inject": {"query": {"access_token": "{token}"}}}
BEARER = header("Authorization", "Bearer {token}")
TOOLS: dict[str, dict[str, Any]] = {
    "algolia_like": header("x-algolia-api-key"),
    "basic": BEARER,
    "gemini_live": header("x-goog-api-key"),
    "stale_beside": header("x-api-key"),
    "deepgram": header("Authorization", "Token {token}"),
    "assemblyai": header("Authorization"),
    "elevenlabs": header("xi-api-key"),
    "github": BEARER,
    "discord": header("Authorization", "Bot {token}"),
    "elasticsearch": header("Authorization", "ApiKey {token}"),
    "twilio": BEARER,
    "jira": BEARER,
    "gitlab": header("PRIVATE-TOKEN"),
    "plaid": header("PLAID-SECRET"),
    "shopify": header("X-Shopify-Access-Token"),
    "wechat": QUERY,
    "tushare": {"inject": {"json": {"token": "{token}"}}},
    "telegram": {},
    "sentry": header("X-Sentry-Auth", "Sentry sentry_key={token}, sentry_version=7"),
    "erniebot": QUERY,
    "wandb": BEARER,
    "spotify": stood_in("/api/token"),
    "reddit": stood_in("/api/v1/access_token"),
    "qianfan": stood_in("/oauth/2.0/token", **QUERY),
    "baidu_aip": stood_in("/oauth/2.0/token", **QUERY),
    "aliyun_query": {"scheme": "signed", "sign": {"name": "aliyun-rpc"}},
    "s3_presigned": {"scheme": "signed", "sign": {"name": "aws-sigv4", "region": "us-east-1", "service": "s3"}},
}


@pytest.mark.parametrize("name", TOOLS)
async def test_its_only_key_is_a_clients(name: str, stage: Stage) -> None:
    key, provider = new_key(), {"scheme": "static", "token": REAL} | TOOLS[name]
    if provider["scheme"] == "signed":
        provider = {"scheme": "signed", "sign": {**provider["sign"], "access_key": REAL, "secret_key": "another-one"}}
    api = await stage.api(REPLY)
    upstream = f"{api.url}/bot{{token}}" if name == "telegram" else api.url
    route = {"upstream": upstream, "provider": "vendor", "stand_in": "stand_in" in provider}
    await stage.open({"/sdk": route}, providers={"vendor": provider}, clients=[{"name": "app", "key": key}])
    await run("client_keys", name, f"{stage.url}/sdk", key, may_fail=True)
    assert api.requests
    for request in api.requests:
        sent = f"{request.start} {request.headers} {request.body.decode('latin-1')}"
        assert "kls_" not in sent
        assert REAL in sent
