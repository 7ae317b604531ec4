"""Which keys may stand at an address of a file, read off its model.

Must not know: problems, or what keys mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.schemes import NAMES, kinds
from proxy.config.model import Config
from proxy.config.written.named import Catalogue
from proxy.values.where import Where, at


def known_keys(tree: Mapping[str, Any], catalogue: Catalogue, where: Where) -> set[str]:
    """The keys of the config's mapping at `where`; empty where any key may stand. `tree` tells a provider's scheme."""
    keys = keys_below(Config, tree, where)
    if not where:
        keys.add("include")
    if len(where) == 2 and where[0] == "providers":
        keys |= _parameters(at(tree, where), catalogue)
    return keys


def keys_below(model: type[BaseModel], tree: Mapping[str, Any], where: Where) -> set[str]:
    """The keys that `model` has at `where`; `tree` is what is written."""
    kinds: list[Any] = [model]
    here: Any = tree
    for step in where:
        kinds = [below for kind in kinds for below in _below(kind, here, step)]
        here = at(here, (step,))
    return {key for kind in kinds for model in _models(kind, here) for key in _keys(model)}


def _parameters(provider: Any, catalogue: Catalogue) -> set[str]:
    use = provider.get("use") if isinstance(provider, dict) else None
    preset = catalogue.get(use) if isinstance(use, str) else None
    return set() if preset is None else set(preset.parameters)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name


def _below(kind: Any, here: Any, step: str | int) -> Iterator[Any]:
    """The types of the value under `step`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is dict:
        yield inner[1]
    elif origin is list:
        yield inner[0]
    elif origin is Annotated:
        yield from _below(inner[0], here, step)
    else:
        for model in _models(kind, here):
            yield from (field.annotation for name, field in model.model_fields.items() if step in (name, field.alias))
        if origin in (Union, UnionType):
            yield from (below for each in inner if get_origin(each) for below in _below(each, here, step))


def _models(kind: Any, here: Any) -> Iterator[type[BaseModel]]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _models(get_args(kind)[0], here)
    elif origin in (Union, UnionType):
        for each in get_args(kind):
            yield from _models(each, here)
    elif origin is list and isinstance(here, dict):  # one entry in place of a list
        yield from _models(get_args(kind)[0], here)
    elif kind is ProviderCommon:
        yield from (each.keys for each in kinds(_schemes(here)))
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind


def _schemes(here: Any) -> Collection[str]:
    """The one that a provider says; every scheme may be meant by one that says none, or an unknown one."""
    scheme = here.get("scheme") if isinstance(here, dict) else None
    return (scheme,) if scheme in NAMES else NAMES
