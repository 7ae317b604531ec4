"""The docs say what is: their configs load, their links lead somewhere, their tables match the code.

Marks in HTML comments, which no reader sees, tell what a block or a table is:

    <!-- refused -->       a config with mistakes; the next block holds the problems
    <!-- provider -->      a part of one provider
    <!-- preset -->        a file of the catalogue
    <!-- files: NAME -->   a config that includes NAME
    <!-- run -->           a Python program
    <!-- library -->       one that needs a config beside it, run by test_library_page.py
    <!-- model: NAME -->   a table of the keys of a model of a config

Any other yaml block is a whole config. A provider or a route that it only names is added here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
import yaml
from pydantic import TypeAdapter

from proxy.auth.keys.issuer import IssuerProvider
from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.life.lifecycle import Lifecycle, State, Terms
from proxy.auth.life.replay import RULE
from proxy.auth.schemes import kinds
from proxy.auth.token import Minted
from proxy.cli import COMMANDS
from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.presets import presets
from proxy.config.written.preset import read_preset
from proxy.errors import CODES, ConfigError, Fault
from proxy.plan import headers
from proxy.sandbox import api
from proxy.sandbox.state import Switches
from proxy.serve.exchange import DEAD, UNANSWERED
from proxy.values import units
from proxy.values.kinds import Strict
from proxy.values.now import Now
from tests.certificates import Authority
from tests.docs import presets_page

ROOT = Path(__file__).parents[2]
FRONT = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")  # beside the docs, not among them
PAGES = {
    path.name: path.read_text("utf-8") for path in [*map(ROOT.joinpath, FRONT), *sorted((ROOT / "docs").glob("*.md"))]
}
BLOCK = re.compile(r"^(?:<!-- ([^\n]*) -->\n)?```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\|(.*)\|$", re.MULTILINE)
MADE_UP = "https://made-up.example.com/value"  # good for a secret and for a URL


class Block(NamedTuple):
    page: str
    mark: str
    language: str
    text: str


BLOCKS = [Block(page, *(part or "" for part in found)) for page, text in PAGES.items() for found in BLOCK.findall(text)]


def blocks(language: str, mark: str = "") -> list[Any]:
    wanted = [each for each in BLOCKS if each.language == language and each.mark.partition(":")[0] == mark]
    return [pytest.param(each, id=f"{each.page}-{number}") for number, each in enumerate(wanted)]


def table(page: str, before: str) -> list[list[str]]:
    """The cells of the table that comes behind a text, or begins with it."""
    behind = PAGES[page].partition(before)[2].partition("\n\n")[0].partition("\n|--")[2]
    assert behind, f"{page} has no table at {before}"
    return [[cell.strip() for cell in row.split(" | ")] for row in ROW.findall(behind)]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


# ---------------------------------------------------------------------------------------------- configs


def loaded(written: dict[str, Any], folder: Path) -> Loaded:
    """Loads a config; what it only names is added, and every variable is set."""
    routes = written.get("routes", {})
    providers = written.setdefault("providers", {}) if routes else written.get("providers", {})
    for route in routes.values():
        if not isinstance(route, str) and route["provider"] not in ("none", *presets()):
            providers.setdefault(route["provider"], {"scheme": "static", "token": "made-up"})
    for name in (name for client in written.get("clients", ()) for name in client.get("read_tokens", ())):
        written.setdefault("providers", {}).setdefault(name, {"scheme": "static", "token": "made-up"})
    for prefix in {prefix for client in written.get("clients", ()) for prefix in client.get("routes", ())}:
        routes = written.setdefault("routes", {})
        routes.setdefault(prefix, {"upstream": "https://api.example.com", "provider": "none"})
    for owner in (written, *(each for each in providers.values() if isinstance(each, dict))):
        certify(owner.get("tls"), folder)
    for name in written.get("presets", ()):
        (folder / name).mkdir()
        (folder / name / "acme.yaml").write_text(next(each.text for each in BLOCKS if each.mark == "preset"), "utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(written, allow_unicode=True))
    names = re.findall(r"\$\{([A-Z_0-9]+)\}", str(written))
    return load(folder / "config.yaml", environ=dict.fromkeys(names, MADE_UP))


def certify(tls: dict[str, str] | str | None, folder: Path) -> None:
    """The PEM files that a config names."""
    if not isinstance(tls, dict):
        return
    authority = Authority(folder)
    pair = authority.issue("keyless.example.com").read_text()
    for key, content in {"cert": pair, "key": pair, "client_ca": authority.pem, "ca": authority.pem}.items():
        if key in tls:
            (folder / tls[key]).parent.mkdir(exist_ok=True)
            (folder / tls[key]).write_text(content)


@pytest.mark.parametrize("block", [*blocks("yaml"), *blocks("yaml", "files")])
def test_a_config_loads(block: Block, tmp_path: Path) -> None:
    if block.mark:
        part = tmp_path / block.mark.partition(": ")[2]
        part.parent.mkdir()
        part.write_text("limits: {}")
    loaded(yaml.safe_load(block.text), tmp_path)


@pytest.mark.parametrize("block", blocks("yaml", "provider"))
def test_a_part_of_a_provider_loads(block: Block, tmp_path: Path) -> None:
    whole = {"scheme": "login", "request": {"url": "https://issuer.example.com"}, **yaml.safe_load(block.text)}
    loaded({"providers": {"example": whole}}, tmp_path)


@pytest.mark.parametrize("block", blocks("yaml", "preset"))
def test_a_preset_loads(block: Block, tmp_path: Path) -> None:
    preset = read_preset(yaml.safe_load(block.text))
    filled = {"use": "example", **preset.examples["with"]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"providers": {"a": filled}}))
    assert load(tmp_path / "config.yaml", environ={}, catalogue={"example": preset}).config.providers


@pytest.mark.parametrize("block", blocks("yaml", "refused"))
def test_mistakes_read_as_printed(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(block.text)
    with pytest.raises(ConfigError) as refused:
        load(Path("config.yaml"), environ={})
    assert f"{refused.value}\n" == BLOCKS[BLOCKS.index(block) + 1].text


def test_every_mark_is_known() -> None:
    marks = {each.mark.partition(":")[0] for each in BLOCKS}
    assert marks <= {"", "refused", "provider", "preset", "files", "run", "tour", "library"}


# ---------------------------------------------------------------------------------------------- keys


def written_in_a_config(kind: type[Strict]) -> Iterator[type[Strict]]:
    """Every model of a config's keys, wherever it stands; presets have models of their own."""
    for model in kind.__subclasses__():
        if not model.__module__.startswith(
            ("proxy.config.written", "proxy.config.proof", "proxy.process", "proxy.cli")
        ):
            yield model
            yield from written_in_a_config(model)


list(kinds())  # each is imported when it is named
MODELS = {model.__name__: model for model in written_in_a_config(Strict)}


def models() -> list[tuple[str, str]]:
    return [(page, name) for page, text in PAGES.items() for name in re.findall(r"<!-- model: (\w+) -->", text)]


@pytest.mark.parametrize(("page", "name"), models())
def test_a_table_has_the_models_keys_and_defaults(page: str, name: str) -> None:
    own = MODELS[name]
    bases = [base for base in (ProviderCommon, IssuerProvider) if issubclass(own, base) and own is not base]
    common = {"scheme", *(key for base in bases for key in base.model_fields)} if bases else set()
    wanted = {field.alias or key: field for key, field in own.model_fields.items() if key not in common}
    rows = table(page, f"<!-- model: {name} -->")
    assert [code(row[0])[0] for row in rows] == list(wanted)
    for (_, _, written, *_), (key, field) in zip(rows, wanted.items(), strict=True):
        assert written == "required" if field.is_required() else same_default(written, field), key


def same_default(written: str, field: Any) -> bool:
    if field.default is None:
        return written == "none"
    kind: Any = TypeAdapter(Annotated[(field.annotation, "as in the model", *field.metadata)])
    return bool(kind.validate_python(yaml.safe_load(code(written)[0])) == field.default)


def test_every_model_has_a_table() -> None:
    inner = {
        "Secretive",
        "ExpiresIn",
        "ExpiresAt",
        "CommandKeys",
        "SignByReply",
        "JwtKeys",
        "CarryingProvider",
        "KeyedProvider",
    }
    assert {name for _, name in models()} == MODELS.keys() - inner


# ---------------------------------------------------------------------------------------------- other tables


def test_presets_are_listed_with_their_parameters() -> None:
    page = presets_page.PAGE.read_text("utf-8")
    assert page == presets_page.written(page), "the tables of docs/presets.md are made from the files: run `make docs`"
    assert all(f"| `{name}` |" in page for name in presets()), "a preset is of no family of tests/docs/presets_page.py"


def test_error_codes_are_listed_with_their_status() -> None:
    assert [(code(row[0])[0], int(row[1])) for row in table("errors.md", "\n| code |")] == [
        (name, known.status) for name, known in CODES.items()
    ]
    assert all(f'<a id="{name}"></a>' in PAGES["errors.md"] for name in CODES), "where the member `help` leads to"


def test_the_problem_document_is_one() -> None:
    shown = next(json.loads(each.text) for each in BLOCKS if each.page == "errors.md" and each.language == "json")
    assert shown == Fault(shown["code"], shown["detail"], provider=shown["provider"], retry_after=60).problem()


def test_headers_and_replay_reasons_are_those_of_the_source() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "proxy").rglob("*.py"))
    reasons = {row.skipped for row in RULE.values() if row.skipped is not None} | {DEAD, UNANSWERED}
    assert {code(row[0])[0] for row in table("errors.md", "\n| reason |")} == reasons
    assert {code(row[0])[0] for row in table("errors.md", "\n| header |")} == set(re.findall(r"X-Keyless-\w+", source))


def test_states_are_listed() -> None:
    assert [State(code(row[0])[0]) for row in table("tokens.md", "\n| state |")] == list(State)


@pytest.mark.parametrize("row", table("tokens.md", "\n| lifetime |"), ids=lambda row: row[0])
def test_margins_are_as_listed(row: list[str]) -> None:
    begin = Now(0.0, 0.0)
    lives = Lifecycle(Terms(), lambda: 0.0), Lifecycle(Terms(), lambda: 1.0)
    tokens = [life.minted(begin, begin, Minted("t", units.duration(row[0]))) for life in lives]
    assert [token.soft for token in tokens] == [units.duration(each) for each in row[1].split(" to ")]
    assert {token.hard for token in tokens} == {units.duration(row[2])}


def test_headers_that_do_not_pass_are_listed() -> None:
    rows = table("sdks.md", "\n| what |")
    named = {name.lower().encode() for row in rows for name in code(row[0])}
    requests = headers.HOP_BY_HOP | headers.CREDENTIALS | headers.OF_BROWSERS | headers.OF_PROXIES | headers.STEERING
    replies = headers.NEVER_BACK | {b"set-cookie", b"access-control-*", headers.CHALLENGE.lower().encode()}
    prefixes = {b"sec-fetch-*", b"x-forwarded-*", headers.OURS + b"*"}
    assert named == requests | headers.REPLACED | replies | prefixes


def test_the_sandbox_is_listed() -> None:
    assert [path for row in table("sandbox.md", "\n| path |") for path in code(row[0])] == list(api.FEATURES)
    switches = {code(row[0])[0]: json.loads(code(row[1])[0]) for row in table("sandbox.md", "\n| switch |")}
    assert switches == {switch.name: switch.default for switch in fields(Switches)}


# ---------------------------------------------------------------------------------------------- links, programs


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings, and those that are written."""
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(text)}
    return made | set(re.findall(r'<a id="(\w+)"></a>', text))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    folder = ROOT if page in FRONT else ROOT / "docs"
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        name, _, anchor = target.partition("#")
        if not name.startswith("https://"):
            path = folder / name if name else folder / page
            assert path.exists(), target
            assert not anchor or anchor in anchors(path.read_text("utf-8")), target


@pytest.mark.parametrize("page", PAGES)
def test_no_two_headings_have_one_anchor(page: str) -> None:
    """The second would get another one, and links to it would lead to the first."""
    written = re.findall(r'<a id="', PAGES[page])
    assert len(anchors(PAGES[page])) == len(headings(PAGES[page])) + len(written)


def test_commands_are_those_of_the_command_line() -> None:
    text = "\n".join(PAGES.values())
    assert set(re.findall(r"(?:`|\$ )(?:\.venv/bin/)?keyless (\w+)", text)) == set(COMMANDS)


def test_paths_of_the_source_exist() -> None:
    for path in re.findall(r"`((?:admin|auth|config|plan|serve)/[\w/]+\.py)`", PAGES["architecture.md"]):
        assert (ROOT / "proxy" / path).exists(), path
    for page, text in PAGES.items():
        for path in re.findall(r"`((?:proxy|tests|deploy)/[\w/.-]+)`", text):
            assert (ROOT / path).exists(), f"{page}: {path}"


@pytest.mark.parametrize("block", blocks("python", "run"))
def test_a_program_runs(block: Block) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-W", "error", "-c", block.text], env=environ, check=True, timeout=60)


def test_the_chinese_page_gives_no_command_that_the_english_one_does_not() -> None:
    def commands(page: str) -> set[str]:
        return {line for line in PAGES[page].splitlines() if line.startswith("$ ")}

    assert commands("README.zh-CN.md") <= commands("README.md")
