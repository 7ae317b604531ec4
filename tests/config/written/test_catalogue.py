"""Presets and their expansion."""

from typing import Any

import pytest
from pydantic import ValidationError

from proxy.config.written.catalogue import expand
from proxy.config.written.expanded import Expanded
from proxy.config.written.overlay import merged
from proxy.config.written.preset import read_preset

PRESET = read_preset(
    {
        "title": "t",
        "parameters": {
            "key": {"secret": True, "env": "API_KEY"},
            "name": {"help": "h"},
            "slot": {"default": "X-Key", "secret": False},
            "many": {"default": ["a"]},
            "none": {"default": None},
        },
        "provider": {
            "scheme": "static",
            "whole": "{key}",
            "within": "a {key}{slot} {other} {{key}}",
            "list": ["{many}", "{none}", "x{none}y"],
            "deep": {"a": {"b": 1, "c": 2}, "d": [1, 2]},
            "{slot}": {"{slot}-2": 1},
            "inject": {"header": {"{slot}": "{token} {key} {{key}}"}},
        },
    }
)


def expanded(**written: Any) -> Expanded:
    return expand({"providers": {"p": {"use": "preset", **written}}}, {"preset": PRESET})


def provider(**written: Any) -> Any:
    return expanded(**written).tree["providers"]["p"]


def test_parameters_are_filled_in() -> None:
    assert provider(key="${K}", name="n") == {
        "use": "preset",
        "scheme": "static",
        "whole": "${K}",
        "within": "a ${K}X-Key {other} {${K}}",
        "list": [["a"], None, "xy"],
        "deep": {"a": {"b": 1, "c": 2}, "d": [1, 2]},
        "X-Key": {"X-Key-2": 1},
        "inject": {"header": {"X-Key": "{token} ${K} {{key}}"}},
    }


@pytest.mark.parametrize("value", [5, True, ["x", {"y": "z"}], {"a": 1}, "text"])
def test_a_whole_text_takes_the_value_with_its_type(value: object) -> None:
    assert provider(key="k", name="n", many=value)["list"][0] == value


@pytest.mark.parametrize(("value", "text"), [(5, "a 5"), (True, "a true"), (1.5, "a 1.5"), ("{slot}", "a {slot}")])
def test_within_a_text_it_becomes_text_and_is_not_read_again(value: object, text: str) -> None:
    assert provider(key=value, name="n")["within"].startswith(text)


def test_in_a_template_its_braces_are_text() -> None:
    header = provider(key="{token}${K}$${", name="n", slot="S")["inject"]["header"]
    assert header == {"S": "{token} {{token}}${K}$${ {{key}}"}


def test_own_keys_merge_deeply_and_may_use_parameters() -> None:
    done = provider(key="k", name="n", deep={"a": {"c": 3}, "d": []}, extra="{name}")
    assert (done["deep"], done["extra"]) == ({"a": {"b": 1, "c": 3}, "d": []}, "n")


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ({"deep": {"a": {"b": None}}}, {"deep": {"a": {"c": 2}, "d": [1, 2]}}),
        ({"deep": {"a": None}}, {"deep": {"d": [1, 2]}}),
        ({"deep": None}, {}),
        ({"deep": {"a": {"new": None}}}, {"deep": {"a": {"b": 1, "c": 2, "new": None}, "d": [1, 2]}}),
    ],
)
def test_null_takes_out_what_the_preset_has(own: dict[str, Any], left: dict[str, Any]) -> None:
    done = provider(key="k", name="n", **own)
    assert {key: value for key, value in done.items() if key == "deep"} == left


def test_missing_parameters_say_what_to_write() -> None:
    done = expanded(key=None)
    assert [(finding.where[-1], finding.message) for finding in done.findings] == [
        ("key", "missing; add key: ${API_KEY}"),
        ("name", "missing; preset preset needs it"),
    ]
    assert ("providers", "p", "whole") in done.unfilled


def test_what_filled_a_text_is_remembered() -> None:
    done = expanded(key="k", name="n")
    where = ("providers", "p", "inject", "header", "X-Key")
    assert done.origins[where] == ("providers", "p", "key")
    assert where in done.secret
    assert ("providers", "p", "list", 0) not in done.secret | done.public


def test_a_list_can_not_stand_within_a_text() -> None:
    (finding,) = {each.where: each for each in expanded(key=["a"], name="n").findings}.values()
    assert (finding.where, finding.message) == (("providers", "p", "key"), "expected text")


@pytest.mark.parametrize(("use", "hint"), [("presett", "; did you mean 'preset'?"), (5, ""), (None, ""), (["a"], "")])
def test_unknown_preset(use: object, hint: str) -> None:
    done = expand({"providers": {"p": {"use": use}}}, {"preset": PRESET})
    assert [(each.where, each.message, each.hint) for each in done.findings] == [
        (("providers", "p", "use"), "no such preset", hint)
    ]
    assert done.tree == {"providers": {"p": {"use": use}}}


@pytest.mark.parametrize(
    "tree", [{}, {"providers": []}, {"providers": {"p": "x"}}, {"providers": {"p": {"scheme": "x"}}}]
)
def test_what_uses_no_preset_stays(tree: dict[str, Any]) -> None:
    assert expand(tree, {}).tree == tree


def test_merging_changes_neither_side() -> None:
    under, over = {"a": {"b": 1}}, {"a": {"c": [1]}}
    assert merged(under, over) == {"a": {"b": 1, "c": [1]}}
    assert (under, over) == ({"a": {"b": 1}}, {"a": {"c": [1]}})


def test_a_preset_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        read_preset({"title": "t", "provider": {}, "provder": {}})
