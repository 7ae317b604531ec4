"""Which variables hold secrets: by where they are used, and by what a preset calls its parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.config.load import load
from proxy.config.presets import presets
from proxy.errors import ConfigError


def variables(folder: Path, **config: Any) -> set[str]:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    environ = {"URL": "https://api.example.com", "HEADER_SECRET": "x" * 20, "PORT": "8081", "REGION": "eu"}
    return set(load(path, environ=environ).variables) - {"KEYLESS_STORE_KEY"}


def test_of_a_preset_all_that_its_secrets_may_be_read_from(tmp_path: Path) -> None:
    assert variables(tmp_path, routes={"/g": "gemini"}) == {"GEMINI_API_KEY", "GOOGLE_API_KEY"}
    bedrock = {"use": "bedrock-api-key", "region": "${REGION}"}
    assert variables(tmp_path, providers={"b": bedrock}, routes={"/b": "b"}) == {"AWS_BEARER_TOKEN_BEDROCK"}


def test_of_what_is_written_where_secrets_stand(tmp_path: Path) -> None:
    route = {"upstream": "${URL}", "provider": "p", "headers": {"set": {"X-Key": "${HEADER_SECRET}"}}}
    found = variables(
        tmp_path,
        listen="127.0.0.1:${PORT:-8080}",
        providers={"p": {"scheme": "static", "token": "${MINE}"}},
        routes={"/a": route},
        clients=[{"name": "app", "key": "${APP_KEY:-a-made-up-client-key}"}],
        admin={"key": "${ADMIN_KEY:-a-made-up-admin-key}"},
    )
    assert found == {"MINE", "HEADER_SECRET", "APP_KEY", "ADMIN_KEY"}


@pytest.mark.parametrize(
    ("written", "opens"),
    [
        ("${vault:kv/app#key}", {"VAULT_TOKEN", "VAULT_SECRET_ID"}),
        ("${aws-sm:app#key}", {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}),
    ],
)
def test_what_opens_the_place_where_secrets_lie(tmp_path: Path, written: str, opens: set[str]) -> None:
    provider = {"scheme": "static", "token": written}
    routes = {"/a": {"upstream": "${URL}", "provider": "p"}}
    assert variables(tmp_path, providers={"p": provider}, routes=routes) == opens


def test_a_key_of_our_own_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"routes": {"/openai": "openai"}}), encoding="utf-8")
    with pytest.raises(ConfigError, match="a key for Keyless") as raised:
        load(path, environ={"OPENAI_API_KEY": "kls_abc"})
    assert "kls_abc" not in str(raised.value)


@pytest.mark.parametrize("key", ["kls_session_abc", "kls_none"])
def test_what_exec_and_env_put_there_lets_one_provider_sleep(tmp_path: Path, key: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"routes": {"/openai": "openai", "/deepseek": "deepseek"}}), encoding="utf-8")
    environ = {"OPENAI_API_KEY": key, "DEEPSEEK_API_KEY": "made-up-key-of-deepseek"}
    loaded = load(path, environ=environ)
    ((name, lacking),) = loaded.unconfigured.items()
    assert name == "openai"
    assert lacking.unset().startswith("OPENAI_API_KEY is a key for Keyless (kls_...), which `keyless exec` or")
    with pytest.raises(ConfigError, match=r"/openai.*: OPENAI_API_KEY is a key for Keyless") as raised:
        load(path, environ=environ, strict=True)
    assert key not in str(raised.value)


@pytest.mark.parametrize(
    ("upstream", "base"),
    [
        ("https://huggingface.co", "hub"),
        ("https://huggingface.co/", "hub"),
        ("https://router.huggingface.co/v1", "router"),
        ("https://hub.example.com", None),
    ],
)
def test_the_base_that_an_upstream_is(upstream: str, base: str | None) -> None:
    assert presets()["huggingface"].base_of(upstream) == base


def test_the_base_with_its_parameters_filled_in() -> None:
    assert presets()["bedrock-api-key"].base_of("https://bedrock-runtime.eu-west-1.amazonaws.com") == "runtime"
