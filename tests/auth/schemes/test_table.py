from __future__ import annotations

from typing import Any, get_args

from pydantic import TypeAdapter

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.schemes import SCHEMES, Provider, scheme_for
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
    """Beside its keys: what is no row of the union is no provider, and a row without a scheme can't be compiled."""
    rows = get_args(get_args(Provider)[0])
    assert all(issubclass(keys, ProviderCommon) and issubclass(scheme, Scheme) for keys, scheme in map(get_args, rows))
    assert len(SCHEMES) == len(rows)


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
