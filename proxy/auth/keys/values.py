"""The keys of `values`: texts that are made anew for each login, times, random texts and digests of them.

Owns: which words go together. Must not know: how one is made (auth/signing/made.py), or where it goes. No finding
quotes a value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from proxy.values.kinds import Duration, Secretive
from proxy.values.template import Template
from proxy.values.where import Finding, Where

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
OURS = ("token", "refresh_token", "basic", "reply", "jwt", "identity")
"""Names that mean something of their own in templates."""

_OF_TIME = ("after", "zone", "number")
_OF_TEXT = ("hash", "key", "output")


class Value(Secretive):
    """One of time, random and text says what it is; `hash`, `key` and `output` what becomes of a text.

    `key` makes an HMAC of the hash. `after`: that much later than now. `number`: not a text where it stands alone.
    """

    time: str | None = None
    after: Duration = 0.0
    zone: Duration = 0.0
    number: bool = False
    random: Annotated[int, Field(ge=1, le=256)] | Literal["uuid"] | None = None
    text: str | None = None
    hash: Literal["md5", "sha1", "sha256", "sha512"] | None = None
    key: str | None = None
    output: Literal["hex", "HEX", "base64"] | None = None

    @model_validator(mode="after")
    def one_kind(self) -> Value:
        if sum(kind is not None for kind in (self.time, self.random, self.text)) != 1:
            raise ValueError("give one of time, random and text")
        if self.time is None and self.model_fields_set & {*_OF_TIME}:
            raise ValueError(f"{', '.join(_OF_TIME)} go with time")
        if self.text is None and self.model_fields_set & {*_OF_TEXT}:
            raise ValueError(f"{', '.join(_OF_TEXT)} go with text")
        if self.key is not None and self.hash is None:
            raise ValueError("key needs hash")
        if self.number and self.time not in ("s", "ms"):
            raise ValueError("only a time in s or ms is a number")
        return self


def check_values(where: Where, values: Mapping[str, Value]) -> Iterator[Finding]:
    """Of all of a provider: a text may hold the values above it."""
    above: list[str] = []
    for name, value in values.items():
        yield from check_name((*where, name), name, above)
        if value.text is not None:
            yield from check_template((*where, name, "text"), value.text, above)
        above.append(name)


def check_name(where: Where, name: str, taken: Collection[str]) -> Iterator[Finding]:
    """Whether templates can have a value of that name."""
    if not NAME.fullmatch(name):
        yield Finding(where, "expected a name of letters, digits and _, for templates")
    elif name in OURS or name in taken:
        yield Finding(where, "templates have that name already; choose another")


def check_template(where: Where, text: str, known: Collection[str]) -> Iterator[Finding]:
    try:
        Template.parse(text, known)
    except ValueError as error:
        yield Finding(where, str(error))
