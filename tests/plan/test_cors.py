"""The proxy's own CORS answers."""

from __future__ import annotations

from proxy.plan import cors

ORIGIN = "http://localhost:3000"
ASKED = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}


def test_what_a_preflight_is() -> None:
    assert cors.is_preflight(ASKED)
    assert not cors.is_preflight({"Origin": ORIGIN})


def test_the_routes_methods_are_told() -> None:
    assert dict(cors.preflight(ORIGIN, ASKED, frozenset(("PUT", "GET"))))["Access-Control-Allow-Methods"] == "GET, PUT"
    assert "PATCH" in dict(cors.preflight(ORIGIN, ASKED, None))["Access-Control-Allow-Methods"]


def test_only_what_was_asked_is_allowed() -> None:
    plain = dict(cors.preflight(ORIGIN, ASKED, None))
    assert plain["Access-Control-Allow-Origin"] == ORIGIN
    assert not {"Access-Control-Allow-Headers", "Access-Control-Allow-Private-Network"} & set(plain)
    more = ASKED | {"Access-Control-Request-Headers": "x-own", "Access-Control-Request-Private-Network": "true"}
    asked = dict(cors.preflight(ORIGIN, more, None))
    assert asked["Access-Control-Allow-Headers"] == "x-own"
    assert asked["Access-Control-Allow-Private-Network"] == "true"


def test_credentials_are_never_allowed() -> None:
    """A cookie of the user's must not ride along: the proxy holds the only credential."""
    names = {name for name, _ in (*cors.preflight(ORIGIN, ASKED, None), *cors.exposed(ORIGIN))}
    assert "Access-Control-Allow-Credentials" not in names
