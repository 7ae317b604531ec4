from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.schemes import NAMES, Provider, kinds, scheme_for
from proxy.auth.schemes.exec import ExecScheme
from proxy.auth.schemes.http_digest import HttpDigestScheme
from proxy.auth.schemes.jwt import JwtScheme
from proxy.auth.schemes.login.scheme import LoginScheme
from proxy.auth.schemes.mcp.scheme import McpScheme
from proxy.auth.schemes.oauth2.scheme import OAuth2Scheme
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.schemes.signed import SignedScheme
from proxy.auth.schemes.static import StaticScheme

PROVIDER: TypeAdapter[Any] = TypeAdapter(Provider)


def test_every_kind_of_provider_has_its_scheme() -> None:
    """Beside its keys, which are for what its row says."""
    rows = list(kinds())
    assert all(issubclass(keys, ProviderCommon) and issubclass(scheme, Scheme) for keys, scheme in rows)
    assert tuple(get_args(keys.model_fields["scheme"].annotation)[0] for keys, _ in rows) == NAMES


@pytest.mark.parametrize(
    ("written", "mistake", "place"),
    [
        (["static"], "model_attributes_type", ()),
        ({"token": "a"}, "union_tag_not_found", ()),
        ({"scheme": "statik", "token": "a"}, "union_tag_invalid", ()),
        ({"scheme": None}, "union_tag_invalid", ()),
        ({"scheme": "static", "token": "a", "tokem": "b"}, "extra_forbidden", ("tokem",)),
        ({"scheme": "static", "token": "a", "hosts": [{"host": "a.example"}]}, "missing", ("hosts", 0, "credential")),
    ],
)
def test_what_is_wrong_is_told_with_its_place(written: Any, mistake: str, place: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, Provider]).validate_python({"a": written})
    said = {each["type"]: each["loc"] for each in caught.value.errors()}
    assert said[mistake][: 1 + len(place)] == ("a", *place)


def test_scheme_for() -> None:
    written: list[dict[str, Any]] = [
        {"scheme": "static", "token": "a"},
        {"scheme": "login", "request": {"url": "https://a.example"}},
        {"scheme": "oauth2", "token_url": "https://a.example", "client_id": "a", "client_secret": "b"},
        {"scheme": "jwt", "algorithm": "HS256", "key": "b"},
        {"scheme": "signed", "sign": {"name": "cos", "access_key": "a", "secret_key": "b"}},
        {"scheme": "http_digest", "username": "a", "password": "b"},
        {"scheme": "exec", "command": ["a"]},
        {"scheme": "mcp", "url": "https://a.example/mcp"},
    ]
    made = [scheme_for(PROVIDER.validate_python(each), frozenset({"b"})) for each in written]
    kinds = [StaticScheme, LoginScheme, OAuth2Scheme, JwtScheme, SignedScheme, HttpDigestScheme, ExecScheme, McpScheme]
    assert [type(each) for each in made] == kinds
    assert [each.one_shot for each in made] == [False] * 7 + [True]
