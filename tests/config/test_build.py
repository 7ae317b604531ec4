"""From what files say to a config that can be run, or to all problems in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.secrets.lacking import Lacking
from tests.config.loading import loaded, problems

ROUTE = "routes: {/a: {upstream: https://example.com, provider: p}}\n"


def test_a_provider_without_its_secret_sleeps(tmp_path: Path) -> None:
    text = 'providers: {p: {scheme: static, username: "${U}${file:u}", password: "${P}${U}"}}\n' + ROUTE
    found = loaded(tmp_path, text, P="set")
    assert found.unconfigured == {"p": Lacking(("U", "file u"))}
    assert found.config.providers == {}
    assert found.config.routes["/a"].provider == "p"
    assert found.secrets == {}


@pytest.mark.parametrize("how", ["argument", "key", "reference"])
def test_strict(how: str, tmp_path: Path) -> None:
    said = {"argument": "", "key": "strict: true\n", "reference": "strict: ${STRICT}\n"}[how]
    text = "providers:\n  p:\n    scheme: static\n    token: ${T}\n" + ROUTE + said
    assert problems(tmp_path, text, how == "argument", STRICT="yes") == [
        "config.yaml:4: providers.p.token: ${T} is not set; put it into the environment or .env"
    ]


def test_strict_names_the_parameter_that_the_user_wrote(tmp_path: Path) -> None:
    text = "providers:\n  p:\n    use: keyed-session\n    api_key: ${AK}\n"
    assert problems(tmp_path, text, strict=True) == [
        "config.yaml:4: providers.p.api_key: ${AK} is not set; put it into the environment or .env"
    ]


def test_missing_outside_providers_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, "admin:\n  key: ${K}\n") == [
        "config.yaml:2: admin.key: ${K} is not set; put it into the environment or .env"
    ]


def test_a_sleeping_provider_is_checked_as_far_as_it_is_known(tmp_path: Path) -> None:
    text = (
        "providers:\n  p:\n    scheme: oauth2\n    client_id: ${A}\n    client_secret: ${B}\n"
        "    token_url: ${C}/token\n    ttl: ${D}\n    client_auth: ${E}\n    inject: {header: {A B: x}}\n"
    )
    assert problems(tmp_path, text) == [
        "config.yaml:9: providers.p.inject.header.A B: not a name that a header can have"
    ]
    assert loaded(tmp_path, text.replace("A B", "AB")).unconfigured == {"p": Lacking(("A", "B", "C", "D", "E"))}


def test_files_are_those_that_matter(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("log: {level: debug}")
    found = loaded(tmp_path, "include: more.yaml\nproviders: {p: {scheme: static, token: '${file:t}'}}\n")
    assert found.files == tuple(tmp_path / name for name in ("config.yaml", "more.yaml", ".env", "t"))


def test_problems_of_all_files_come_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("log:\n  levle: info\n")
    (tmp_path / "a.yaml").write_text("\nlimts: {}\n")
    assert problems(tmp_path, "include: [b.yaml, a.yaml]\nx: 1\nlisten: y\n") == [
        "config.yaml:2: x: unknown key 'x'",
        "config.yaml:3: listen: expected host:port, [::1]:port or unix:/path, got 'y'",
        "b.yaml:2: log.levle: unknown key 'levle'; did you mean 'level'?",
        "a.yaml:2: limts: unknown key 'limts'; did you mean 'limits'?",
    ]


def test_a_problem_of_a_merge_key_is_said_of_each_use(tmp_path: Path) -> None:
    text = "providers:\n  a: &a\n    scheme: static\n    token: x\n    ttl: soon\n  b:\n    <<: *a\n"
    assert problems(tmp_path, text) == [
        f"config.yaml:5: providers.{name}.ttl: expected a duration such as 10s, 5m, 24h or 30d, got 'soon'"
        for name in "ab"
    ]
