"""CORS answers of the proxy's own (the Fetch standard, §3.2). Pure."""

from __future__ import annotations

from collections.abc import Mapping

MAX_AGE = "600"
ALL_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

Headers = tuple[tuple[str, str], ...]


def is_preflight(headers: Mapping[str, str]) -> bool:
    """Of an OPTIONS request that a page of an allowed origin sends."""
    return "Access-Control-Request-Method" in headers


def preflight(origin: str, headers: Mapping[str, str], methods: frozenset[str] | None) -> Headers:
    """The headers of a 204 to a preflight from an allowed origin."""
    answer = [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", ALL_METHODS if methods is None else ", ".join(sorted(methods))),
        ("Access-Control-Max-Age", MAX_AGE),
        ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ]
    if "Access-Control-Request-Headers" in headers:
        answer.append(("Access-Control-Allow-Headers", headers["Access-Control-Request-Headers"]))
    if "Access-Control-Request-Private-Network" in headers:
        answer.append(("Access-Control-Allow-Private-Network", "true"))
    return tuple(answer)


def exposed(origin: str) -> Headers:
    """The headers that let a page of an allowed origin read a reply."""
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "*"),
        ("Vary", "Origin"),
    )
