"""Wording, hints, and the keys behind the hints."""

from typing import Any

import pytest

from proxy.auth.schemes import NAMES
from proxy.config.model.keys import known_keys
from proxy.config.rules.problems import message
from proxy.values.names import did_you_mean
from proxy.values.where import Finding, Where, dotted
from tests.config.catalogue_of_cases import CATALOGUE

TREE: dict[str, Any] = {
    "providers": {
        "s": {"scheme": "static"},
        "o": {"scheme": "oauth2", "reply": {"errors": [{}]}},
        "l": {"scheme": "login", "request": {}, "reply": {"expires_in": {}}, "refused": [{}]},
        "k": {"use": "keyed-session"},
        "x": {"scheme": "what"},
    },
    "routes": {"/a": {"headers": {}}},
    "clients": [{"key": {}}],
}


@pytest.mark.parametrize(
    ("where", "some", "none"),
    [
        ((), {"listen", "include", "providers"}, {"scheme"}),
        (("providers",), set(), {"scheme"}),
        (("providers", "s"), {"token", "use", "inject"}, {"client_id", "request", "api_key"}),
        (("providers", "o"), {"client_id", "token_url"}, {"token", "request"}),
        (("providers", "k"), {"api_key", "slot", "request", "client_id"}, set()),
        (("providers", "x"), {"token", "client_id", "request"}, set()),
        (("providers", "l", "request"), {"json", "url"}, {"json_"}),
        (("providers", "l", "reply", "expires_in"), {"path", "unit"}, {"token"}),
        (("providers", "l", "refused", 0), {"older_than", "json"}, {"class"}),
        (("providers", "o", "reply", "errors", 0), {"class", "hint"}, {"class_"}),
        (("routes", "/a"), {"upstream", "stand_in"}, {"path"}),
        (("routes", "/a", "headers"), {"set", "remove"}, set()),
        (("clients", 0), {"name", "key"}, {"expires"}),
        (("clients", 0, "key"), {"key", "expires"}, {"name"}),
        (("nonsense", 5, "x"), set(), {"listen"}),
    ],
)
def test_known_keys(where: Where, some: set[str], none: set[str]) -> None:
    known = known_keys(TREE, CATALOGUE, where)
    assert some <= known
    assert not none & known


def test_schemes() -> None:
    assert NAMES == ("static", "oauth2", "login", "jwt", "signed", "http_digest", "exec", "mcp")


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ((), ""),
        (("routes", "/aiob", "upstream"), "routes./aiob.upstream"),
        (("clients", 0, "key"), "clients[0].key"),
        (("a", "b\nc", ""), "a.'b\\nc'.''"),
    ],
)
def test_dotted(where: Where, text: str) -> None:
    assert dotted(where) == text


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("foo", "m, got 'foo'h"),
        ("x" * 60, f"m, got '{'x' * 60}'h"),
        ("x" * 61, f"m, got '{'x' * 57}...'h"),
        ("a\nb", "m, got 'a\\nb'h"),
        ("https://u:p@h/x?k=v", "m, got 'https://...@h/x?...'h"),
        ("u:p@h/x", "m, got '...@h/x'h"),
        ("${NAME}", "m, got '${NAME}'h"),
        (1.5, "m, got 1.5h"),
        (True, "m, got trueh"),
        (None, "m, got nothingh"),
        ([1], "m, got a listh"),
        ({"a": 1}, "m, got keys and valuesh"),
    ],
)
def test_got(value: object, got: str) -> None:
    assert message(Finding(("log", "level"), "m", "h", got=True), {"log": {"level": value}}) == got
    assert message(Finding(("log", "level", 0), "m", "h", got=True), {"log": {"level": value}}).endswith("h")
    assert message(Finding(("log", "level"), "m", "h"), {"log": {"level": value}}) == "mh"
    assert message(Finding(("log", "other"), "m", "h", got=True), {"log": {"level": value}}) == "mh"


def test_got_of_a_secret_is_not_shown() -> None:
    assert message(Finding(("admin", "key"), "m", got=True), {"admin": {"key": "hunter2"}}) == "m"


@pytest.mark.parametrize(
    ("written", "hint"),
    [("requst", "; did you mean 'request'?"), ("zzz", ""), ("", ""), (5, ""), (None, ""), ("request" * 1000, "")],
)
def test_did_you_mean(written: object, hint: str) -> None:
    assert did_you_mean(written, ["request", "reply"]) == hint
