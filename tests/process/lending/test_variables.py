"""Whose a variable is, which keep their names and lose their values, which tools get what."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.presets import presets
from proxy.process.lending.offer import Offer, OfferedRoute
from proxy.process.lending.tools import Tool, needs, table, tool_of
from proxy.process.lending.variables import ClaimedTwice, bypass, parts, variables

SDKS = table().sdks
K = "http://127.0.0.1:8080"
OPENAI = {"name": "openai", "env": {"OPENAI_BASE_URL": "{base}/v1", "OPENAI_API_KEY": "{key}"}}


def route(prefix: str, preset: str, *rows: dict[str, Any], owns: tuple[str, ...] = ()) -> OfferedRoute:
    return OfferedRoute(prefix, K + prefix, preset, owns or (preset.upper(),), rows)


def given(*routes: OfferedRoute, secrets: tuple[str, ...] = ()) -> dict[str, str]:
    return variables(Offer(routes, secrets), "kls_x", SDKS)


def test_texts_are_filled_in() -> None:
    row = {"name": "x", "env": {"X_URL": "{base}/v2", "X_HOST": "{host}", "X_PATH": "{path}", "X_KEY": "{key}"}}
    assert given(route("/a", "x", row), route("/b", "y")) == {
        "X_URL": f"{K}/a/v2",
        "X_HOST": "127.0.0.1:8080",
        "X_PATH": "/a",
        "X_KEY": "kls_x",
    }


def test_every_variable_with_a_secret_is_set() -> None:
    """Those that no SDK is named for to the empty text: what is unset, dotenv libraries fill in again."""
    both = given(route("/openai", "openai", OPENAI), route("/b", "y"), secrets=("OPENAI_API_KEY", "OTHER_SECRET"))
    assert (both["OPENAI_API_KEY"], both["OTHER_SECRET"]) == ("kls_x", "")


def test_it_goes_to_the_vendor_that_it_is_named_after() -> None:
    other = {"name": "other", "env": {"OPENAI_BASE_URL": "{base}"}}
    for order in ((0, 1), (1, 0)):
        routes = [route("/openai", "openai", OPENAI), route("/other", "other", other)]
        assert given(*(routes[index] for index in order))["OPENAI_BASE_URL"] == f"{K}/openai/v1"


def test_two_claims_name_both() -> None:
    with pytest.raises(ClaimedTwice, match="OPENAI_BASE_URL is claimed by /a and /b; say which: --route /a"):
        given(route("/a", "openai", OPENAI), route("/b", "openai", OPENAI))


def test_a_route_that_is_the_only_one_gives_all_that_its_sdk_reads() -> None:
    row = {"name": "openai", "base": "{base}/compatible/v1"}
    assert given(route("/ds", "aliyun", row), route("/b", "y")) == {}
    assert given(route("/ds", "aliyun", row)) == {
        "OPENAI_BASE_URL": f"{K}/ds/compatible/v1",
        "OPENAI_API_BASE": f"{K}/ds/compatible/v1",
        "OPENAI_API_KEY": "kls_x",
    }


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "corp.example, localhost"}, "corp.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "a"}, "a,127.0.0.1,localhost,::1"),
    ],
)
def test_loopback_goes_through_no_other_proxy(environ: dict[str, str], expected: str) -> None:
    assert bypass(environ) == {"NO_PROXY": expected, "no_proxy": expected}


# ---------------------------------------------------------------------------------------------- tools


def tool(**written: Any) -> Tool:
    return Tool.model_validate(written)


def test_a_tool_takes_the_route_of_the_vendor() -> None:
    one = tool(parts=[{"sdk": "openai"}])
    other = {"name": "openai", "base": "{base}/v3"}
    offer = Offer((route("/ark", "volc", other), route("/openai", "openai", OPENAI)))
    assert [base for _, base in parts(one, offer, SDKS)] == [f"{K}/openai/v1"]
    assert parts(one, Offer((route("/ark", "volc", other), route("/b", "y"))), SDKS) == []
    assert [base for _, base in parts(one, Offer((route("/ark", "volc", other),)), SDKS)] == [f"{K}/ark/v3"]


def test_parts_become_one_or_the_first_counts() -> None:
    written = [
        {"sdk": "a", "args": ["--a", "{base}"], "env": {"J": {"a": "{base}"}}, "files": {"f": {"a": 1}}},
        {
            "sdk": "b",
            "args": ["--b"],
            "env": {"J": {"b": "{key}"}, "M": "{model}"},
            "files": {"f": {"b": 2}},
            "model": "m",
        },
    ]
    texts = {"key": "kls_x", "folder": "/tmp/f"}
    every = tool(take="all", args=["{folder}"], parts=written)
    both = needs(every, [(part, "http://base") for part in every.parts], texts)
    assert both.args == ["/tmp/f", "--a", "http://base", "--b"]
    assert both.env == {"J": '{"a": "http://base", "b": "kls_x"}', "M": "m"}
    assert both.files == {"f": {"a": 1, "b": 2}}
    first = tool(parts=written)
    assert needs(first, [(part, "") for part in first.parts], texts).env == {"J": '{"a": ""}'}
    assert needs(first, [], texts).args == []
    told = needs(first, [(first.parts[1], "")], texts | {"model": "mine"})
    assert told.env["M"] == "mine"


def test_tools_are_found_wherever_they_lie() -> None:
    tools = table().tools
    assert tool_of("/usr/bin/codex", tools) is tool_of("codex", tools) is tools["codex"]
    assert tool_of("python", tools) is None


def test_the_tables_speak_of_sdks_that_presets_have() -> None:
    rows = {row.name for name in presets() for row in presets()[name].sdk}
    assert {part.sdk for each in table().tools.values() for part in each.parts} | SDKS.keys() <= rows


@pytest.mark.parametrize("name", sorted(table().tools))
def test_no_key_stands_in_arguments(name: str) -> None:
    """Whoever may list processes sees them."""
    each = table().tools[name]
    every = needs(each, [(part, "http://base") for part in each.parts], {"key": "kls_secret", "folder": "/f"})
    assert "kls_secret" not in " ".join(every.args)
    assert "{" not in " ".join(every.args).replace("={", "")
