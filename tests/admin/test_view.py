"""What pages see of a config whose routes are names."""

from __future__ import annotations

from pathlib import Path

from proxy.app import Service
from proxy.config.load import load


async def test_a_preset_appears_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("listen: 127.0.0.1:0\nroutes: {/llm: openai, /more: {provider: openai}, /other: deepseek}\n")
    async with Service(load(path, environ={"OPENAI_API_KEY": "a-made-up-key"})) as service:
        status = await service.view.status()
    assert {name: report.state for name, report in status.providers.items()} == {
        "openai": "static",
        "deepseek": "unconfigured",
    }
    assert {prefix: route.provider for prefix, route in status.routes.items()} == {
        "/llm": "openai",
        "/more": "openai",
        "/other": "deepseek",
    }
    assert status.routes["/llm"].upstream == "https://api.openai.com"
    assert status.providers["deepseek"].last_error == "DEEPSEEK_API_KEY is not set"
