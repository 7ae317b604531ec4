"""A resolved tree against the model and the cross checks, as far as both can go.

Owns: how the rest of a config is checked when a part of it is wrong: the wrong part is taken out, so that one mistake
does not hide the next. Must not know: files, lines, the environment.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from proxy.auth.schemes import Provider, kinds
from proxy.config.model import Client, Config, Route
from proxy.config.model.keys import known_keys
from proxy.config.rules.config import Known, check
from proxy.config.rules.problems import translate
from proxy.config.written.named import Catalogue
from proxy.values.kinds import UNSET
from proxy.values.names import Names
from proxy.values.where import Finding, Where

_ENTRIES: Mapping[str, TypeAdapter[Any]] = {
    "providers": TypeAdapter(Provider),
    "routes": TypeAdapter(Route),
    "clients": TypeAdapter(Client),
}

_ENTRY_DEPTH = 2
"""Of the keys above a provider's or a route's own."""

_OF_CLIENTS = frozenset(("name", "key", "certificate", "jwt"))
"""What a client needs: its name, and one of the others."""


def findings(tree: Mapping[str, Any], written: Mapping[str, Any], catalogue: Catalogue) -> list[Finding]:
    """Every mistake in `tree`; `written` is the same tree before its `${...}` were resolved."""
    try:
        config = model_of(tree)
    except ValidationError as error:
        wrong = translate(error, written, partial(known_keys, written, catalogue))
        config, thinned = _what_holds(tree, catalogue)
        more = check(config, _known(tree, config, catalogue))
        return [*wrong, *(one for one in more if one.where[:-1] not in thinned)]
    return list(check(config, _known(tree, config, catalogue)))


def model_of(tree: Mapping[str, Any]) -> Config:
    """Raises ValidationError.

    Entry by entry: pydantic lets no other thread run until it is done, and ten thousand routes at once are 0.2 s.
    """
    return Config.model_validate({key: _entries(key, value) for key, value in tree.items()})


def _entries(section: str, written: Any) -> Any:
    kind = _ENTRIES.get(section)
    if kind is not None and isinstance(written, dict):
        return {name: _entry(kind, each) for name, each in written.items()}
    if kind is not None and isinstance(written, list):
        return [_entry(kind, each) for each in written]
    return written


def _entry(kind: TypeAdapter[Any], written: Any) -> Any:
    try:
        return kind.validate_python(written)
    except ValidationError:
        return written  # its mistakes are told with all others, and with its place


def _known(tree: Mapping[str, Any], config: Config, catalogue: Catalogue) -> Known:
    names = [tree.get(section, {}) for section in ("providers", "routes")]
    providers, routes = (Names(each) if isinstance(each, dict) else None for each in names)
    return Known(providers, routes, bool(tree.get("clients")) or config.anyone, catalogue)


def _what_holds(tree: Mapping[str, Any], catalogue: Catalogue) -> tuple[Config, set[Where]]:
    """The config without its wrong keys, however deep; where those were needed, without what held them. And the keys
    within an entry's own from which something went: what stood beside it may have been right with it.
    """
    rest, thinned = copy.deepcopy(dict(tree)), set[Where]()
    for depth in (None, 3, 3, 2, 1):  # what is missing may show only when the rest of an entry is right
        try:
            return model_of(rest), thinned
        except ValidationError as error:
            for finding in translate(error, rest, partial(known_keys, rest, catalogue)):
                _take_out(rest, finding.where[:depth])
                if len(finding.where) > _ENTRY_DEPTH + 1:
                    thinned.add(finding.where[:-1])
    return model_of(rest), thinned


def _take_out(rest: dict[str, Any], where: Where) -> None:
    if where[0] == "clients" and len(where) > 1 and isinstance(where[1], int):
        client = rest["clients"][where[1]]
        if isinstance(client, dict) and len(where) > _ENTRY_DEPTH and where[2] in client.keys() - _OF_CLIENTS:
            del client[where[2]]
        else:  # the other clients keep their numbers
            rest["clients"][where[1]] = {"name": f"\0{where[1]}", "key": f"sha256:{where[1]:064x}"}
        return
    keys, inside = [], cast("Any", rest)
    for step in where:
        if isinstance(inside, dict):
            keys.append((inside, str(step)))
            inside = inside.get(str(step))
        elif isinstance(inside, list) and isinstance(step, int) and step < len(inside):
            inside = inside[step]
        else:
            break
    emptied = True
    while emptied and keys:
        holder, key = keys.pop()
        holder.pop(key, None)
        emptied = not holder and len(keys) > _ENTRY_DEPTH  # what is empty now would be called a mistake itself
    filler = _filler(*map(str, (where[0], where[-1]))) if len(where) == 3 else None
    if filler is not None:
        holder[str(where[-1])] = filler


def _filler(section: str, key: str) -> Any:
    """In place of a key that is needed, so that the rest of its entry can still be checked."""
    if section == "providers":
        return next((kind.keys.fillers[key] for kind in kinds() if key in kind.keys.fillers), None)
    return UNSET if (section, key) == ("routes", "upstream") else None
