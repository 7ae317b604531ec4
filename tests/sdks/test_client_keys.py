"""What tools without an SDK of their own send, where the proxy has `clients`: the key that they take as the API's is a
client's, it lets them in wherever they put it, and the API never sees it. SDKs do so in test_rows.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.model.client import new_key
from tests.conftest import Stage
from tests.sdks.test_sdks import PYTHON, answer, run

pytestmark = pytest.mark.skipif(not PYTHON, reason="the vendors' SDKs are not installed here: `make sdks` runs these")

REAL = "real-credential-of-the-api"
REPLY = answer("{}")


def header(name: str, text: str = "{token}") -> dict[str, Any]:
    return {"inject": {"header": {name: text}}}


BEARER = header("Authorization", "Bearer {token}")
TOOLS: dict[str, dict[str, Any]] = {
    "algolia_like": header("x-algolia-api-key"),
    "basic": BEARER,
    "gemini_live": header("x-goog-api-key"),
    "stale_beside": header("x-api-key"),
    "s3_presigned": {"scheme": "signed", "sign": {"name": "aws-sigv4", "region": "us-east-1", "service": "s3"}},
}


@pytest.mark.parametrize("name", TOOLS)
async def test_its_only_key_is_a_clients(name: str, stage: Stage) -> None:
    key, provider = new_key(), {"scheme": "static", "token": REAL} | TOOLS[name]
    if provider["scheme"] == "signed":
        provider = {"scheme": "signed", "sign": {**provider["sign"], "access_key": REAL, "secret_key": "another-one"}}
    api = await stage.api(REPLY)
    route = {"upstream": api.url, "provider": "vendor"}
    await stage.open({"/sdk": route}, providers={"vendor": provider}, clients=[{"name": "app", "key": key}])
    await run("client_keys", name, f"{stage.url}/sdk", key, may_fail=True)
    assert api.requests
    for request in api.requests:
        sent = f"{request.start} {request.headers} {request.body.decode('latin-1')}"
        assert "kls_" not in sent
        assert REAL in sent
