"""One mistake does not hide the next."""

from typing import Any

import pytest

from proxy.config.rules import validate

GOOD_ROUTE = {"upstream": "https://example.com", "provider": "none"}
LOGIN = {"scheme": "login", "request": {"url": "https://example.com"}}
UNKNOWN_NAME = {"header": {"X": "{tokn}"}}


def found(tree: dict[str, Any]) -> list[str]:
    return [".".join(map(str, finding.where)) for finding in validate.findings(tree, tree, {})]


def test_nothing_wrong() -> None:
    assert found({"routes": {"/a": GOOD_ROUTE}}) == []


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        (LOGIN | {"ttl": "soon"}, ["ttl"]),
        (LOGIN | {"typo": 1}, ["typo"]),
        (LOGIN | {"request": {"url": "foo"}}, ["request.url"]),
        ({"scheme": "login"}, ["request"]),
        ({"scheme": "oauth2", "token_url": "foo", "client_secret": "s"}, ["token_url", "client_id"]),
    ],
)
def test_the_rest_of_a_provider_is_still_checked(provider: dict[str, Any], expected: list[str]) -> None:
    where = found({"providers": {"p": provider | {"inject": UNKNOWN_NAME}}})
    assert where == [f"providers.p.{key}" for key in [*expected, "inject.header.X"]]


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ({"reply": {"token": "a[", "expires_in": {"path": "x", "unit": "fortnights"}}}, ["expires_in.unit", "token"]),
        ({"reply": {"token": "a", "tokn": "b", "expires_in": {"path": "c["}}}, ["tokn", "expires_in.path"]),
        ({"refused": [{"status": [999], "json": {"a[": 1}}]}, ["0.status.0", "0.json.a["]),
        ({"refused": [{"status": [999]}, {"json": {"a[": 1}}]}, ["0.status.0"]),
        ({"refused": [{"status": [999], "body": ["x"]}, {"message": {"a": "("}}]}, ["0.status.0", "1.message.a"]),
    ],
)
def test_the_rest_of_one_key_is_still_checked(provider: dict[str, Any], expected: list[str]) -> None:
    (key,) = provider
    assert found({"providers": {"p": LOGIN | provider}}) == [f"providers.p.{key}.{place}" for place in expected]


@pytest.mark.parametrize("key", ["upstream", "timeout", "typo", "methods"])
def test_the_rest_of_a_route_is_still_checked(key: str) -> None:
    where = found({"routes": {"/a": GOOD_ROUTE | {"provider": "q", key: "wrong"}}})
    assert where == [f"routes./a.{key}", "routes./a.provider"]


def test_what_is_wrong_is_still_known_by_name() -> None:
    tree = {
        "listen": "0.0.0.0:80",
        "providers": {"p": {"scheme": "wrong"}},
        "routes": {"/a": GOOD_ROUTE | {"provider": "p", "stand_in": True}, "/b": 5},
        "clients": [{"name": "a", "key": "0" * 16, "routes": ["/b"]}, 5],
    }
    assert sorted(found(tree)) == ["clients.1", "providers.p.scheme", "routes./b"]


def test_clients_keep_their_numbers() -> None:
    clients = [{"name": 1}, {"name": "a", "key": "short"}, {"key": "0" * 16}, {"name": "b", "key": "short"}]
    assert sorted(found({"clients": clients})) == [
        "clients.0.key",
        "clients.1.key.0",
        "clients.2.name",
        "clients.3.key.0",
    ]


@pytest.mark.parametrize("section", ["providers", "routes", "clients", "admin", "log", "listen", "typo", "browser"])
@pytest.mark.parametrize("value", [5, "x", [], ["x"], {"x": "y"}, {"x": {}}, [{}]])
def test_wrong_sections_leave_the_others(section: str, value: object) -> None:
    tree = {"limits": {"max_header": "x"}, section: value}
    assert "limits.max_header" in found(tree)
