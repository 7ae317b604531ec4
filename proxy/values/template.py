"""Text with holes for a credential: `Bearer {token}`, `{basic}`, `{reply.data.id}`; `{{` and `}}` are braces. In some
places a name may have filters behind it: `{body|sha256|hex}`.

Owns: the syntax, and which places of a config are templates. Must not know: tokens, or where a rendered text goes.
A template may hold a secret as literal text, so neither its repr nor its errors show any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from proxy.values.names import did_you_mean
from proxy.values.where import Where

NAMES: Final = ("token", "basic", "reply")
"""`reply` stands for every `reply.PATH`."""

_PIECE: Final = re.compile(r"(?P<escape>\{\{|\}\})|\{(?P<name>[^{}]*)\}|(?P<lone>[{}])")
_SPEAKABLE: Final = re.compile(r"[A-Za-z_][A-Za-z_.]{0,30}")  # anything else may be a piece of a key: never repeated


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` alternates literal text and names, beginning and ending with a literal."""

    parts: tuple[str, ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str, known: Collection[str] = NAMES, filters: Collection[str] = ()) -> Template:
        """`known`: one that ends with a dot stands for all that begin so. Raises ValueError for an unknown name or
        filter, or a lone brace.
        """
        parts = [""]
        end = 0
        for match in _PIECE.finditer(text):
            parts[-1] += text[end : match.start()]
            end = match.end()
            if match["lone"]:
                raise ValueError("a lone { or }; write {{ or }} for a brace that is meant as text")
            if match["escape"]:
                parts[-1] += match["escape"][0]
            else:
                name, *piped = map(str.strip, match["name"].split("|") if filters else [match["name"]])
                parts += ["|".join([_known(name, known), *(_filter(each, filters) for each in piped)]), ""]
        parts[-1] += text[end:]
        return cls(tuple(parts))

    @property
    def names(self) -> tuple[str, ...]:
        """`token`, `basic`, `reply.PATH`: in the order of the text, repeated if they are."""
        return self.parts[1::2]

    @property
    def literals(self) -> tuple[str, ...]:
        return self.parts[::2]

    def render(self, lookup: Callable[[str], str]) -> str:
        """The text with each name replaced by `lookup(name)`, as it is: nothing in it is read again."""
        parts = list(self.parts)
        parts[1::2] = map(lookup, parts[1::2])
        return "".join(parts)


def _known(name: str, known: Collection[str]) -> str:
    kind, _, path = name.partition(".")
    if name in known and name != "reply" and not name.endswith("."):
        return name
    if path and ((kind == "reply" and "reply" in known) or f"{kind}." in known):
        return name
    offered = ["reply.PATH" if each == "reply" else f"{each}NAME" if each.endswith(".") else each for each in known]
    shown = f" {{{name}}}" if _SPEAKABLE.fullmatch(name) else ""
    choice = " or ".join(f"{{{each}}}" for each in offered) or "no name at all"
    raise ValueError(f"unknown name{shown} in a template; it knows {choice}{did_you_mean(name, offered)}")


def _filter(name: str, filters: Collection[str]) -> str:
    if name in filters:
        return name
    shown = f" |{name}" if _SPEAKABLE.fullmatch(name) else ""
    raise ValueError(f"unknown filter{shown} in a template; it knows {', '.join(filters)}{did_you_mean(name, filters)}")


def literal(text: str) -> str:
    """The template that means exactly `text`."""
    return text.replace("{", "{{").replace("}", "}}")


def is_template(where: Where) -> bool:
    """Whether the config's text at this address is a template."""
    if where[:1] == ("providers",):
        return _of_provider(where[2:])
    return where[:1] == ("routes",) and where[2:] == ("upstream",)


def _of_provider(inner: Where) -> bool:
    match inner:
        case ("inject" | "claims" | "headers", *_) | ("sign", "digest", *_) | ("values", _, "text"):
            return True
        case ("jwt", "claims" | "headers", *_):
            return True
        case ("steps", _, "request", *_):
            return _of_request(inner[3:])
        case ("refresh", "request", *_):
            return _of_request(inner[2:])
    return False


def _of_request(inner: Where) -> bool:
    return inner[:1] != ("sign",) or inner[1:2] == ("digest",)
