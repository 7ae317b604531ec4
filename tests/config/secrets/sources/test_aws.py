"""`${aws-sm:}` against a server that speaks the API of Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.errors import ConfigError
from tests.config.secrets.sources.servers import SecretsManager, serving

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAMADEUP", "AWS_SECRET_ACCESS_KEY": "made-up-aws-key", "AWS_REGION": "eu-west-1"}


@pytest.fixture
def server() -> SecretsManager:
    return SecretsManager()


@pytest.fixture
def url(server: SecretsManager, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with serving(server) as url:
        yield url


def loaded(folder: Path, *tokens: str, **environ: str) -> Loaded:
    path = folder / "config.yaml"
    lines = [f"  p{number}: {{scheme: static, token: '{token}'}}" for number, token in enumerate(tokens)]
    path.write_text("providers:\n" + "\n".join(lines))
    return load(path, environ=environ)


def test_whole_or_a_field_with_one_call_per_secret(tmp_path: Path, url: str, server: SecretsManager) -> None:
    written = ("${aws-sm:plain}", "${aws-sm:team/crm#token}", "${aws-sm:team/crm#port}", "${aws-sm:binary}")
    found = loaded(tmp_path, *written, AWS_ENDPOINT_URL=url, **KEYS)
    tokens = [getattr(provider, "token", None) for provider in found.config.providers.values()]
    assert tokens == ["aws-plain-secret", "aws-crm-secret", "1", "aws-binary-secret"]
    assert len(server.calls) == 3


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("${aws-sm:none}", "AWS refuses it (ResourceNotFoundException)"),
        ("${aws-sm:denied}", "AWS refuses it (AccessDeniedException)"),
        ("${aws-sm:plain#x}", "no JSON"),
        ("${aws-sm:team/crm#list}", "no field 'list' that is a text"),
        ("${aws-sm:team/crm#x}", "no field 'x'"),
    ],
)
def test_what_is_not_there(tmp_path: Path, url: str, reference: str, part: str) -> None:
    (reason,) = loaded(tmp_path, reference, AWS_ENDPOINT_URL=url, **KEYS).unconfigured["p0"].listed()
    assert part in reason
    assert "aws-plain-secret" not in reason


def test_down_or_without_keys(tmp_path: Path, url: str) -> None:
    (reason,) = (
        loaded(tmp_path, "${aws-sm:a}", AWS_ENDPOINT_URL="http://127.0.0.1:9", **KEYS).unconfigured["p0"].listed()
    )
    assert "EndpointConnectionError" in reason
    (reason,) = (
        loaded(tmp_path, "${aws-sm:a}", AWS_ENDPOINT_URL=url, AWS_REGION="eu-west-1").unconfigured["p0"].listed()
    )
    assert "NoCredentialsError" in reason


def test_an_address_that_is_none_is_told_to_all_who_ask(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "${aws-sm:a#x}", "${aws-sm:a#y}", AWS_ENDPOINT_URL="localhost:4566", **KEYS)
    assert [problem.line for problem in caught.value.problems] == [2, 3]
    assert all("AWS_ENDPOINT_URL" in problem.message for problem in caught.value.problems)
