"""References and where their values come from."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.secrets.resolve import STAND_IN, Resolved, Sources, resolve
from proxy.config.written.reference import Reference, escape_literals, pieces
from proxy.values.template import Template


def resolved(tree: object, folder: Path, **environ: str) -> Resolved:
    return resolve(tree, Sources(folder, environ))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "a"),
        ("x${A}y${B}z", "xay$z"),
        ("${A}${A}", "aa"),
        ("${NO:-d}", "d"),
        ("${NO:-}", ""),
        ("${EMPTY:-d}", "d"),
        ("${NO:-a:-b}", "a:-b"),
        ("${NO:-two words}", "two words"),
        ("$${A}", "${A}"),
        ("$${A}${A}", "${A}a"),
        ("$$${A}", "$${A}"),
        ("$A $ {A} {A}", "$A $ {A} {A}"),
        ("${B}{A}", "${A}"),  # a value never joins its surroundings into a reference
        ("${LIKE}", "${A}"),
    ],
)
def test_resolves(text: str, expected: str, tmp_path: Path) -> None:
    done = resolved({"k": text}, tmp_path, A="a", B="$", EMPTY="", LIKE="${A}")
    assert done.tree == {"k": expected}
    assert not done.findings
    assert not done.missing


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("${A", "does not end well"),
        ("${", "does not end well"),
        ("${A${B}}", "does not end well"),
        ("${}", "malformed"),
        ("${1A}", "malformed"),
        ("${A-b}", "malformed"),
        ("${A B}", "malformed"),
        ("${file:}", "malformed"),
        ("${Ä}", "malformed"),
        ("${enc:}", "malformed"),
        ("${vault:secret/x}", "write ${vault:MOUNT/PATH#FIELD}"),
        ("${vault:secret#y}", "write ${vault:MOUNT/PATH#FIELD}"),
        ("${vault:}", "malformed"),
        ("${keyring:a}", "write ${keyring:SERVICE/USER}"),
        ("${keyring:a/}", "write ${keyring:SERVICE/USER}"),
        ("${aws-sm:#x}", "write ${aws-sm:NAME}"),
        ("${exec:}", "malformed"),
        ("${exec:  }", "write ${exec:PROGRAM ARGUMENTS}"),
        ("${exec:op 'read}", "a quotation has two ends"),
        ("${A} ${exec:'}", "a quotation has two ends"),
    ],
)
def test_refuses(text: str, part: str, tmp_path: Path) -> None:
    done = resolved([text], tmp_path, A="a", B="b")
    (finding,) = done.findings
    assert finding.where == (0,)
    assert part in finding.message


def test_keys_hold_no_references(tmp_path: Path) -> None:
    (finding,) = resolved({"a": {"${A}": 1}}, tmp_path, A="a").findings
    assert finding.where == ("a", "${A}")


def test_missing_is_all_that_a_text_lacks(tmp_path: Path) -> None:
    done = resolved({"a": ["${X}${A}${file:y}", "${A}"]}, tmp_path, A="")
    assert {where: [each.shown for each in references] for where, references in done.missing.items()} == {
        ("a", 0): ["X", "A", "file y"],
        ("a", 1): ["A"],
    }
    assert done.tree["a"] == [STAND_IN, STAND_IN]


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\n", "s3cret"),
        (b"s3cret\n\n", "s3cret\n"),
        (b"s3cret\r", "s3cret\r"),
        (b"\xef\xbb\xbfs3cret\n", "s3cret"),
        (b"", None),
        (b"\n", None),
        (b"\xff\xfe\x00", None),
        (b"x" * 70_000, None),
    ],
)
def test_files(content: bytes, value: str | None, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x").write_bytes(content)
    sources = Sources(tmp_path, {})
    assert sources.value(Reference("file", "sub/x")) == value
    assert sources.value(Reference("file", str(tmp_path / "sub" / "x"))) == value
    assert tmp_path / "sub" / "x" in sources.files


def test_a_file_in_utf_16_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("s3cret\n".encode("utf-16"))
    sources, reference = Sources(tmp_path, {}), Reference("file", "x")
    assert sources.value(reference) is None
    assert "UTF-16" in sources.lack([reference]).unset()


@pytest.mark.parametrize(
    ("coding", "words"), [("utf-16-le", "is UTF-16"), ("utf-16-be", "is UTF-16"), ("latin-1", "is not UTF-8")]
)
def test_a_file_in_another_coding_without_a_mark_is_named(tmp_path: Path, coding: str, words: str) -> None:
    (tmp_path / "t").write_bytes("sécret\n".encode(coding))
    sources, reference = Sources(tmp_path, {}), Reference("file", "t")
    assert sources.value(reference) is None
    assert words in sources.lack([reference]).unset()


@pytest.mark.parametrize(
    ("written", "value"), [("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), ("s", "s"), ("\n", None)]
)
def test_variables_end_as_files_do(written: str, value: str | None, tmp_path: Path) -> None:
    sources, reference = Sources(tmp_path, {"A": written}), Reference("env", "A")
    assert sources.value(reference) == value
    assert sources.was_trimmed(reference) is written.endswith("\n")


@pytest.mark.parametrize("name", ["none", ".", "a\0b", "x" * 5000])
def test_files_that_are_none(name: str, tmp_path: Path) -> None:
    assert Sources(tmp_path, {}).value(Reference("file", name)) is None


@pytest.mark.parametrize(
    ("dotenv", "environ", "value"),
    [
        (b"A=from-file\n", {}, "from-file"),
        (b"A=from-file\n", {"A": "from-env"}, "from-env"),
        (b"A=from-file\n", {"A": ""}, "from-file"),
        (b"A=\n", {}, None),
        (b"A\n", {}, None),
        (b"\xef\xbb\xbfA=bom\n", {}, "bom"),
        (b"A=crlf\r\nB=x\r\n", {}, "crlf"),
        (b"export A='quoted # no comment' # comment\n", {}, "quoted # no comment"),
        (b"B=b\nA=${B}\n", {}, "${B}"),
        (b"# caf\xe9\nA=a\n", {}, "a"),
        (b"A=caf\xe9\n", {}, None),
        ("A=wide\n".encode("utf-16"), {}, "wide"),
        (b"A=file", {"A": "kls_session_0123"}, "file"),
        (b"A=file", {"A": "kls_none"}, "file"),
        (b"B=file", {"A": "kls_session_0123"}, None),
        (b"B=file", {"A": "kls_none"}, None),
        (b"A=file", {"A": "kls_0123"}, "kls_0123"),
        (b"this is { not ] a .env\nA=a\n", {}, "a"),
        (b"\0\1\2", {}, None),
        (b"", {"A": "\udcff"}, None),
    ],
)
def test_dotenv(dotenv: bytes, environ: dict[str, str], value: str | None, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(dotenv)
    assert Sources(tmp_path, environ).value(Reference("env", "A")) == value


def test_a_folder_named_dotenv_is_no_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert Sources(tmp_path, {"A": "a"}).value(Reference("env", "A")) == "a"


INJECTED = ("providers", "p", "inject", "header", "X")


@given(st.text(min_size=1).filter(lambda text: "\N{REPLACEMENT CHARACTER}" not in text and text[-1] != "\n"))
def test_a_value_in_a_template_is_inert(value: str) -> None:
    tree = {"providers": {"p": {"inject": {"header": {"X": "a{token}${V}"}}, "token": "${V}"}}}
    done = resolved(tree, Path("/nowhere"), V=value)
    provider = done.tree["providers"]["p"]
    assert provider["token"] == value
    assert Template.parse(provider["inject"]["header"]["X"]).render(lambda name: name) == f"atoken{value}"
    assert {each.value for each in done.substitutions} == {value}


@given(st.text(alphabet="ab{}$:-"), st.text(alphabet="xy{}$"))
def test_a_parameter_in_a_template_is_inert(written: str, value: str) -> None:
    """What a user writes for a preset's parameter means the same in a template as elsewhere."""
    sources = Sources(Path("/nowhere"), dict.fromkeys(("a", "b", "ab", "aa", "ba", "bb"), value or "x"))
    plain = resolve({"k": written}, sources)
    tree = {"providers": {"p": {"inject": {"header": {"X": escape_literals(written)}}}}}
    injected = resolve(tree, sources)
    assert bool(plain.findings) == bool(injected.findings)
    if not plain.findings and not plain.missing:
        text = injected.tree["providers"]["p"]["inject"]["header"]["X"]
        assert Template.parse(text).render(str) == plain.tree["k"]


@given(st.text())
def test_pieces_never_lose_text(text: str) -> None:
    try:
        parts = list(pieces(text))
    except ValueError:
        return
    assert "".join(part.written if isinstance(part, Reference) else part for part in parts) == text.replace("$${", "${")


def test_repr_shows_no_value(tmp_path: Path) -> None:
    assert "hunter2" not in repr(resolved({"a": "${A}"}, tmp_path, A="hunter2"))
