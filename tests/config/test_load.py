"""From files to a config."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.config.load import Loaded, load, presets
from proxy.errors import ConfigError, Problem
from tests.config.catalogue_of_cases import CASES, CATALOGUE

ROUTE = "routes: {/a: {upstream: https://example.com, provider: p}}\n"
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def loaded(folder: Path, text: str | bytes, strict: bool = False, **environ: str) -> Loaded:
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, environ=environ, strict=strict, catalogue=CATALOGUE)


def problems(folder: Path, text: str | bytes, strict: bool = False, **environ: str) -> list[str]:
    """Each problem without the folder's name."""
    with pytest.raises(ConfigError) as raised:
        loaded(folder, text, strict, **environ)
    return str(raised.value).replace(f"{folder}/", "").splitlines()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml:1: file: not found"):
        load(tmp_path / "none.yaml", environ={}, catalogue={})
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path, environ={}, catalogue={})


def test_a_provider_without_its_secret_sleeps(tmp_path: Path) -> None:
    text = 'providers: {p: {scheme: static, username: "${U}${file:u}", password: "${P}${U}"}}\n' + ROUTE
    found = loaded(tmp_path, text, P="set")
    assert found.unconfigured == {"p": ("U", "file u")}
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
    assert loaded(tmp_path, text.replace("A B", "AB")).unconfigured == {"p": ("A", "B", "C", "D", "E")}


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


def test_files_are_those_that_matter(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("log: {level: debug}")
    found = loaded(tmp_path, "include: more.yaml\nproviders: {p: {scheme: static, token: '${file:t}'}}\n")
    assert found.files == tuple(tmp_path / name for name in ("config.yaml", "more.yaml", ".env", "t"))


def test_includes_nest_and_globs_are_sorted(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in "cab":
        key = f"{name}{'0' * 20}"
        (tmp_path / "d" / f"{name}.yaml").write_text(
            f"include: ../shared.yaml\nclients: [{{name: {name}, key: {key}}}]"
        )
    (tmp_path / "shared.yaml").write_text("log: {level: debug}\ninclude: []\n")
    found = loaded(tmp_path, f"include: [d/*.yaml, none/*.yaml, {tmp_path}/d/a.yaml]\n")
    assert [client.name for client in found.config.clients] == ["a", "b", "c"]
    assert found.config.log.level == "debug"


@pytest.mark.parametrize(
    ("include", "part"),
    [
        ("config.yaml", "include: includes a file that includes this one"),
        ("[./config.yaml]", "include[0]: includes a file that includes this one"),
        ("[x, y]", "include[1]: not found"),
        ("5", "can't be read"),
        ("{a: b}", "can't be read"),
        ("${X}", "can't be read"),
        ('"\\0*"', "can't be read"),
        (".", "can't be read"),
        ("/dev/zero", "not a config file"),
    ],
)
def test_bad_includes(include: str, part: str, tmp_path: Path) -> None:
    assert part in "\n".join(problems(tmp_path, f"include: {include}\n"))


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


def test_repr_shows_no_secret(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "providers: {p: {scheme: static, token: '${T}'}}\n"
        "routes: {/a: {upstream: 'https://example.com/${T}', provider: p, headers: {set: {X: '${T}'}}}}\n"
        "clients: [{name: a, key: '${T}0123456789'}]\nadmin: {key: '${T}${T}'}\n",
        T="hunter2hunter2",
    )
    assert "hunter2" not in repr(found) + repr(found.config) + repr(found.config.routes["/a"].headers)


def test_the_packaged_presets_can_be_read() -> None:
    assert presets() is presets()


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
