"""Loading a config takes steps in proportion to its size, whichever part of it is large."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from proxy.config.load import load
from proxy.config.rules import validate
from proxy.errors import ConfigError
from tests.growth import Counted, growth

LINEAR = 2.3
"""Twice as many steps for twice as much, with room for what dicts do now and then."""


def routes(count: int) -> str:
    return "routes:\n" + "".join(
        f"  /v1/r{number}: {{upstream: https://a.example, provider: none}}\n" for number in range(count)
    )


def clients(count: int) -> str:
    names = "".join(f"- {{name: c{number}, key: '{number:016d}', read_tokens: [p]}}\n" for number in range(count))
    return f"providers: {{p: {{scheme: static, token: abcdefgh}}}}\nclients:\n{names}"


def one_clients_keys(count: int) -> str:
    return "clients:\n- name: c\n  key:\n" + "".join(f"  - '{number:016d}'\n" for number in range(count))


def providers(count: int) -> str:
    names = "".join(f"  p{number}: {{scheme: static, token: '${{SECRET_{number}}}'}}\n" for number in range(count))
    taken = "".join(f"  /r{number}: {{upstream: https://a.example, provider: p{number}}}\n" for number in range(count))
    return f"providers:\n{names}routes:\n{taken}"


def missing_providers(count: int) -> str:
    return routes(count).replace("none", "nobody") + "providers: {p: {scheme: static, token: abcdefgh}}\n"


@pytest.mark.parametrize("of", [routes, clients, one_clients_keys, providers, missing_providers])
def test_twice_the_config_takes_twice_the_steps(tmp_path: Path, of: Callable[[int], str]) -> None:
    def loading(count: int) -> Callable[[], object]:
        path = tmp_path / f"{count}.yaml"
        path.write_text("listen: 127.0.0.1:0\n" + of(count))
        return lambda: loaded(path, {f"SECRET_{number}": f"secret-{number}" for number in range(count)})

    assert growth(loading, 100) < LINEAR


def loaded(path: Path, environ: dict[str, str]) -> None:
    with suppress(ConfigError):
        load(path, environ=environ)


def test_twice_the_files_take_twice_the_steps(tmp_path: Path) -> None:
    def loading(count: int) -> Callable[[], object]:
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            route = f"routes: {{/r{number}: {{upstream: https://a.example, provider: none}}}}\n"
            client = f"clients: [{{name: c{number}, key: '{number:016d}'}}]\n"
            (folder / f"{number}.part.yaml").write_text(route + client)
        (folder / "config.yaml").write_text("include: '*.part.yaml'\n")
        return lambda: load(folder / "config.yaml", environ={})

    assert growth(loading, 40) < LINEAR


@pytest.mark.parametrize("of", ["routes", "read_tokens", "providers"])
def test_names_are_not_looked_for_one_by_one(of: str) -> None:
    """No line tells how long a look-up in a list takes; how often names are compared does."""
    count = 300
    names = [f"p{number}" for number in range(count)]
    route = {"upstream": "https://a.example", "provider": "none"}
    tree: dict[str, Any] = {
        "providers": {Counted(name): {"scheme": "static", "token": "abcdefgh"} for name in names},
        "routes": {Counted(f"/{name}"): route | {"provider": name} for name in names},
        "clients": [
            {"name": name, "key": f"{number:016d}", "routes": [f"/{name}"], "read_tokens": [name]}
            for number, name in enumerate(names)
        ],
    }
    if of == "read_tokens":
        del tree["routes"]
    elif of == "providers":
        del tree["clients"]
    Counted.compared = 0
    validate.findings(tree, tree, {})
    assert Counted.compared < 20 * count


def test_hints_and_lists_of_names_stay_short(tmp_path: Path) -> None:
    """Ten thousand mistakes among ten thousand names would take minutes to be given hints."""
    names = "".join(f"  provider-{number}: {{scheme: static, token: abcdefgh}}\n" for number in range(300))
    text = (
        routes(300).replace("none", "privoder-7")
        + f"  /x: {{upstream: https://a.example, provider: '#'}}\nproviders:\n{names}"
    )
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load(path, environ={})
    lines = str(raised.value).splitlines()
    assert len(lines) == 301
    assert "did you mean 'provider-7'?" in lines[0]
    assert max(map(len, lines)) < 600
