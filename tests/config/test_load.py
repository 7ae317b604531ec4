"""From files to a config."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.config.load import load
from proxy.errors import ConfigError, Problem
from tests.config.catalogue_of_cases import CASES
from tests.config.loading import loaded, problems

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_dotenv_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("T=from-dotenv\n")
    text = "providers: {p: {scheme: static, token: '${T}'}}\n"
    for environ, value in (({}, "from-dotenv"), ({"T": "from-environment"}, "from-environment")):
        found = loaded(tmp_path, text, False, **environ)
        assert found.config.providers["p"].model_dump()["token"] == value
        assert found.secrets == {"p": {value}}


def test_the_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYLESS_TEST_LEVEL", "debug")
    path = tmp_path / "c.yaml"
    path.write_text("log: {level: '${KEYLESS_TEST_LEVEL}'}")
    assert load(path, catalogue={}).config.log.level == "debug"


# ---------------------------------------------------------------------------------------------- properties

GOOD = (CASES / "good" / "full.yaml").read_bytes()
KEYS = st.sampled_from(
    [
        *(
            "listen",
            "providers",
            "routes",
            "clients",
            "browser",
            "anyone",
            "strict",
            "admin",
            "limits",
            "log",
            "include",
        ),
        *(
            "scheme",
            "static",
            "oauth2",
            "login",
            "token",
            "use",
            "keyed-session",
            "fixed",
            "api_key",
            "key",
            "username",
        ),
        *(
            "password",
            "request",
            "url",
            "json",
            "form",
            "reply",
            "ok",
            "expires_in",
            "path",
            "unit",
            "errors",
            "inject",
        ),
        *("header", "query", "refused", "status", "message", "older_than", "refresh", "before", "stand_in", "upstream"),
        *("provider", "methods", "headers", "set", "remove", "timeout", "connect", "name", "/a", "/", "<<"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-1000, 10**20)
    | st.floats()
    | KEYS
    | st.text(max_size=20)
    | st.sampled_from(
        ["https://example.com", "${SET}", "${NOT}", "${", "$${", "{token}", "{reply.a[", "10s", "a[", "(", "0.0.0.0:1"]
    )
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=30
)


@same_folder
@given(written=st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(written: bytes, tmp_path: Path) -> None:
    only_config_errors(tmp_path, written)


@same_folder
@given(at=st.integers(0, len(GOOD)), length=st.integers(0, 40), put=st.binary(max_size=8))
def test_any_damage_to_a_good_file(at: int, length: int, put: bytes, tmp_path: Path) -> None:
    only_config_errors(tmp_path, GOOD[:at] + put + GOOD[at + length :])


@same_folder
@given(tree=st.dictionaries(KEYS, TREES, max_size=6))
def test_any_tree(tree: dict[str, Any], tmp_path: Path) -> None:
    only_config_errors(tmp_path, json.dumps(tree, allow_nan=False) if _finite(tree) else yaml.safe_dump(tree))


@same_folder
@given(entry=st.dictionaries(KEYS, TREES, max_size=8), section=st.sampled_from(["providers", "routes"]))
def test_any_entry(entry: dict[str, Any], section: str, tmp_path: Path) -> None:
    for more in ({}, {"scheme": "login"}, {"scheme": "oauth2"}, {"scheme": "static"}, {"use": "keyed-session"}):
        only_config_errors(tmp_path, yaml.safe_dump({section: {"/a": entry | more}}))


def _finite(tree: dict[str, Any]) -> bool:
    return "inf" not in str(tree) and "nan" not in str(tree)


def only_config_errors(folder: Path, written: str | bytes) -> None:
    for problem in problems_if_any(folder, written, "a value"):
        assert problem.line >= 1
        assert problem.path
        assert problem.message
        assert str(problem).isprintable()


def problems_if_any(folder: Path, written: str | bytes, secret: str) -> tuple[Problem, ...]:
    """Also that a config that loads shows no secret in its repr."""
    try:
        found = loaded(folder, written, SET=secret)
    except ConfigError as error:
        return error.problems
    assert MARKER not in repr(found)
    return ()


MARKER = "hunter2hunter2"


@same_folder
@given(
    tree=st.dictionaries(
        KEYS,
        st.recursive(
            SCALARS | st.sampled_from(["${SET}", "x${SET}", "${SET}{", "${file:secret}", "https://${SET}/"]),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
            max_leaves=30,
        ),
        max_size=6,
    ),
    secret=st.sampled_from([MARKER, f"{MARKER}\n", f"{{{MARKER}}}", f"({MARKER}", f"${{{MARKER}}}", f"a['{MARKER}'"]),
)
def test_no_problem_shows_a_secret(tree: dict[str, Any], secret: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(secret)
    assert MARKER not in str(problems_if_any(tmp_path, yaml.safe_dump(tree), secret))


@pytest.mark.parametrize(
    "secret", [MARKER, f"{{{MARKER}", f"${{{MARKER}", f"*{MARKER}", f"!{MARKER}", f"${{exec:'{MARKER}}}"]
)
def test_no_problem_shows_a_secret_written_out(secret: str, tmp_path: Path) -> None:
    """Whatever is wrong with the file beside it, and whatever is wrong with the secret itself."""
    for text in (
        f"providers: {{p: {{scheme: static, token: {secret}, ttl: {{}}}}}}",
        f"providers:\n  p:\n    scheme: sttic\n    token: {secret}\n    password: {secret}",
        f'providers: {{p: {{scheme: login, request: {{url: "https://u:{secret}@h/?k={secret}"}}}}}}',
        f'providers: {{p: {{scheme: login, request: {{url: foo, json: {{a: "{secret}"}}, body: {{b: "{secret}"}}}}}}}}',
        f'providers: {{p: {{scheme: static, token: x, inject: {{header: {{A B: "{secret}", X: "{secret}{{"}}}}}}}}',
        f'clients: [{{name: a, key: "{secret}", x: 1}}, {{name: a, key: ["{secret}"]}}]',
        f'admin: {{key: {{a: "{secret}"}}}}',
        f'providers: {{p: {{use: fixed, key: ["{secret}"]}}, q: {{use: keyed-session, api_key: "{secret}\\n", x: 1}}}}',
        f'routes: {{/a: {{upstream: "https://u:{secret}@h/?{secret}", provider: q}}}}',
        f'routes: {{/a: {{upstream: foo, provider: q, headers: {{set: {{a: "{secret}\\n"}}}}}}}}',
    ):
        assert MARKER not in "\n".join(problems(tmp_path, text))
