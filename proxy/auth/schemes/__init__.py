"""The kinds of provider: one file each, and one row each, here. What there is to ask of a kind is in scheme.py.

A kind is imported when a config names it: all of them take a sixth of a start and 5 MiB, and most proxies have two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache, reduce
from importlib import import_module
from operator import or_
from typing import Annotated, Any, NamedTuple

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.schemes.scheme import Scheme

_KINDS = {
    "static": ("static", "Static"),
    "oauth2": ("oauth2.scheme", "OAuth2"),
    "login": ("login.scheme", "Login"),
    "jwt": ("jwt", "Jwt"),
    "signed": ("signed", "Signed"),
    "http_digest": ("http_digest", "HttpDigest"),
    "exec": ("exec", "Exec"),
    "mcp": ("mcp.scheme", "Mcp"),
}
"""By what `scheme` says, the module below this one, and how the names of its two classes begin."""

NAMES = tuple(_KINDS)
"""What `scheme` may say."""


class Kind(NamedTuple):
    """The keys, and beside them the scheme that they compile to."""

    keys: type[ProviderCommon]
    scheme: Any


@cache
def kind(name: str) -> Kind:
    """The one of NAMES."""
    place, begin = _KINDS[name]
    module = import_module(f"{__name__}.{place}")
    return Kind(getattr(module, f"{begin}Provider"), getattr(module, f"{begin}Scheme"))


def kinds(names: Collection[str] = NAMES) -> Iterator[Kind]:
    return map(kind, names)


class _ByScheme:
    """What pydantic calls a union with a discriminator, of which only those that are met are there."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        union: Any = reduce(or_, (each.keys for each in kinds()))
        every: Any = Annotated[union, Field(discriminator="scheme")]
        return handler(TypeAdapter(every).core_schema)


Provider = Annotated[ProviderCommon, _ByScheme()]


def _validated(written: Any) -> ProviderCommon:
    """In pydantic's own words, what is wrong. Its errors keep their places if they are raised in here."""
    if isinstance(written, ProviderCommon):
        return written
    if not isinstance(written, dict):
        raise PydanticKnownError("model_attributes_type")
    if "scheme" not in written:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'scheme'"})
    name = written["scheme"]
    if name not in NAMES:
        tags = ", ".join(f"'{each}'" for each in NAMES)
        context = {"discriminator": "'scheme'", "tag": str(name), "expected_tags": tags}
        raise PydanticKnownError("union_tag_invalid", context)
    return kind(name).keys.model_validate(written)


def scheme_for(provider: Provider, secrets: frozenset[str]) -> Scheme:
    """The provider's scheme; `secrets` are its resolved secrets, which no message may hold. Raises ValueError."""
    scheme: Scheme = kind(provider.scheme).scheme.compile(provider, secrets)
    return scheme
