"""`keyless seal` and `unseal`, and what the config makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.secrets.lacking import Lacking
from proxy.config.secrets.seal import Seal, new_key
from proxy.errors import ConfigError
from tests.cli.conftest import keyless, written

KEY = new_key()
STATIC = {"scheme": "static"}


def config(folder: Path, token: str, **more: object) -> str:
    provider = STATIC | {"token": token}
    route = {"upstream": "https://api.example.com", "provider": "p"}
    return written(folder, providers={"p": provider}, routes={"/p": route}, **more)


def test_a_new_key_is_one(tmp_path: Path) -> None:
    done = keyless("seal", "--new-key", "-c", str(tmp_path / "none.yaml"))
    assert done.code == 0
    assert Seal([done.out.strip()])
    assert done.out != keyless("seal", "--new-key").out


@pytest.mark.parametrize("secret", ["密钥", "two\nlines", " blanks ", "x"])
def test_any_text_can_be_sealed(tmp_path: Path, secret: str) -> None:
    path = str(tmp_path / "none.yaml")
    sealed = keyless("seal", "-c", path, environ={"KEYLESS_STORE_KEY": KEY}, stdin=secret.encode() + b"\n").out
    opened = keyless("unseal", "-c", path, environ={"KEYLESS_STORE_KEY": KEY}, stdin=sealed.encode())
    assert opened.out == f"{secret}\n"


@pytest.mark.parametrize("secret", ["s3cret-of-some-length", "with a { and ${NAME}"])
def test_what_is_sealed_stands_in_the_config_and_opens(tmp_path: Path, secret: str) -> None:
    path = config(tmp_path, "made-up")
    done = keyless("seal", "-c", path, environ={"KEYLESS_STORE_KEY": KEY}, stdin=secret.encode() + b"\n")
    assert done.code == 0
    assert secret not in done.out
    path = config(tmp_path, done.out.strip())
    loaded = load(Path(path), environ={"KEYLESS_STORE_KEY": KEY})
    assert loaded.config.providers["p"].token == secret  # type: ignore[union-attr]
    assert secret in loaded.secrets["p"]
    opened = keyless("unseal", "-c", path, environ={"KEYLESS_STORE_KEY": KEY}, stdin=done.out.encode())
    assert opened.out == f"{secret}\n"


def test_the_key_may_stand_in_the_config_or_beside_a_file_store(tmp_path: Path) -> None:
    path = config(tmp_path, "made-up", store_key=["${OTHER}", "${OLD}"])
    environ = {"OTHER": KEY, "OLD": new_key()}
    done = keyless("seal", "-c", path, environ=environ, stdin=b"x")
    assert keyless("unseal", "-c", path, environ=environ, stdin=done.out.encode()).out == "x\n"
    assert Seal([KEY]).open(done.out.strip()[6:-1].encode()) == b"x"
    path = config(tmp_path, "made-up", store="file:tokens")
    assert keyless("seal", "-c", path, stdin=b"x").code == 1, "no proxy has run yet, so there is no key"
    (tmp_path / "tokens").mkdir(0o700)
    (tmp_path / "tokens" / "key").write_text(KEY + "\n")
    sealed = keyless("seal", "-c", path, stdin=b"s3cret-of-some-length").out
    loaded = load(Path(config(tmp_path, sealed.strip(), store="file:tokens")), environ={})
    assert loaded.secrets["p"] == {"s3cret-of-some-length"}


def test_without_a_key_the_provider_sleeps_and_says_what_it_lacks(tmp_path: Path) -> None:
    path = config(tmp_path, "${enc:gAAAA}")
    assert load(Path(path), environ={}).unconfigured == {"p": Lacking(("KEYLESS_STORE_KEY",))}
    with pytest.raises(ConfigError, match="there is no key to open"):
        load(Path(path), environ={}, strict=True)


@pytest.mark.parametrize(
    "sealed", [Seal([new_key()]).seal(b"x").decode(), "gAAAA", "nonsense"], ids=["another key", "cut", "nonsense"]
)
def test_a_wrong_key_or_damage_is_a_problem_of_that_line(tmp_path: Path, sealed: str) -> None:
    path = config(tmp_path, f"${{enc:{sealed}}}")
    with pytest.raises(ConfigError) as refused:
        load(Path(path), environ={"KEYLESS_STORE_KEY": KEY})
    (problem,) = refused.value.problems
    assert problem.path == "providers.p.token"
    assert "sealed with another key, or damaged; see store_key and KEYLESS_STORE_KEY" in problem.message
    assert KEY not in problem.message
    done = keyless("unseal", "-c", path, environ={"KEYLESS_STORE_KEY": KEY}, stdin=sealed.encode())
    assert (done.code, done.out) == (1, "")


@pytest.mark.parametrize(
    ("words", "stdin", "environ", "code"),
    [
        (["seal"], b"x", {}, 1),
        (["unseal"], b"x", {}, 1),
        (["seal"], b"", {"KEYLESS_STORE_KEY": KEY}, 2),
        (["seal"], b"\xff", {"KEYLESS_STORE_KEY": KEY}, 2),
        (["unseal"], b"${NAME}", {"KEYLESS_STORE_KEY": KEY}, 2),
        (["seal"], b"x", {"KEYLESS_STORE_KEY": "short"}, 1),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, words: list[str], stdin: bytes, environ: dict[str, str], code: int
) -> None:
    done = keyless(*words, "-c", str(tmp_path / "none.yaml"), environ=environ, stdin=stdin)
    assert (done.code, done.out) == (code, "")
    assert done.err


def test_a_key_that_is_too_short_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="store_key: expected at least 16 characters"):
        load(Path(config(tmp_path, "x")), environ={"KEYLESS_STORE_KEY": "short"})
