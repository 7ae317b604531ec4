"""A proxy in front of a sandbox, both real, for clients that other people wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from proxy.app import Service
from proxy.config.load import load
from proxy.sandbox import Sandbox

CONFIG = """
listen: 127.0.0.1:0
log: {access: false}
providers:
  plain: {scheme: oauth2, token_url: URL/oauth2/token, client_id: sandbox-key, client_secret: sandbox-secret}
  baidu:
    use: baidu-qianfan
    api_key: sandbox-key
    secret_key: sandbox-secret
    request: {url: URL/baidu/oauth/2.0/token}
routes:
  /plain: {upstream: URL/oauth2/api, provider: plain}
  /qianfan: {upstream: URL/baidu, provider: baidu, stand_in: true}
"""


class Running(NamedTuple):
    url: str
    sandbox: Sandbox


@asynccontextmanager
async def proxied(folder: Path, more: str = "") -> AsyncIterator[Running]:
    """`more` is config, beside the routes and providers."""
    async with Sandbox() as sandbox:
        (folder / "config.yaml").write_text(CONFIG.replace("URL", sandbox.url) + more)
        async with Service(load(folder / "config.yaml", environ={})) as service:
            yield Running((await service.listen())[0].url, sandbox)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with proxied(tmp_path) as started:
        yield started
