"""The kinds of values that the config language has: durations, URLs, one-or-more lists; and what all models share.

Owns: how one value is read and what is said when it can't be. Must not know: which key it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from proxy.values import moments, units


def _as_written(written: object) -> object:
    """The loader's floats know their text: a parameter `1.10` must not become 1.1."""
    return str(written) if isinstance(written, float) and str(written) != repr(written) else written


Scalar = Annotated[str | int | float | bool, BeforeValidator(_as_written)]

Duration = Annotated[
    float,
    BeforeValidator(units.duration),
    WithJsonSchema({"type": ["string", "number"], "pattern": units.DURATION}),
]
Size = Annotated[
    int,
    BeforeValidator(units.size),
    WithJsonSchema({"type": ["string", "integer"], "pattern": units.SIZE}),
]

_Rate = Annotated[
    units.Rate,
    BeforeValidator(units.rate),
    WithJsonSchema({"type": "string", "pattern": units.RATE}),
]
_MOMENT = WithJsonSchema({"type": "string", "pattern": moments.MOMENT})
Begin = Annotated[float, BeforeValidator(moments.begin), _MOMENT]
End = Annotated[float, BeforeValidator(moments.end), _MOMENT]


def _as_list(written: object) -> object:
    return written if isinstance(written, list) else [written]


def _scopes(written: object) -> object:
    """A text holds as many as it has words, as in OAuth's own `scope`."""
    return written.split() if isinstance(written, str) else written


def _url(written: str) -> str:
    written = re.sub(r"(?i)^https?://", lambda match: match[0].lower(), written)
    if re.fullmatch(r"https?://[^/\s?#@\x00-\x1f\x7f]+([/?#][^\s\x00-\x1f\x7f]*)?", written) and _reachable(written):
        return written
    raise ValueError("expected an absolute http(s) URL")


def _reachable(url: str) -> bool:
    """Whether its host and port can be spoken of in DNS and TCP at all."""
    try:
        parts = urlsplit(url)
        return bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        return False


def _regex(written: str) -> str:
    try:
        re.compile(written)
    except re.error as error:
        where = "" if error.pos is None else f", this one breaks at character {error.pos + 1}"
        # not the error's own text: it may quote the pattern
        raise ValueError(f"expected a regular expression{where}") from None
    return written


def _prefix(written: str) -> str:
    if not re.fullmatch(r"/([A-Za-z0-9._~!$&'()*+,;=:@-]+(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*)?", written):
        raise ValueError("expected a path prefix such as /openai, without a slash at its end")
    return written


def _method(written: str) -> str:
    if not re.fullmatch(r"[A-Za-z]+", written):
        raise ValueError("expected an HTTP method such as GET")
    return written.upper()


def _with_head(methods: list[str]) -> list[str]:
    """HEAD asks for what GET would bring, less its body (RFC 9110 §9.3.2): who may do the one may do the other."""
    return [*methods, "HEAD"] if "GET" in methods and "HEAD" not in methods else methods


def _origin(written: str) -> str:
    if written == "null" or "*" in written:
        raise ValueError("web pages are let in one by one: name each origin, such as https://app.example.com")
    # Pages of desktop apps, phones' apps, extensions and editors have schemes of their own: tauri://localhost
    match = re.fullmatch(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", written.lower(), re.ASCII)
    if match is None:
        raise ValueError("expected an origin such as https://app.example.com, without a path")
    default = match[3] == {"http": ":80", "https": ":443"}.get(match[1], "")  # browsers never send it
    return f"{match[1]}://{match[2]}{'' if default else match[3] or ''}"


def _switch_or_path(written: object) -> object:
    if isinstance(written, bool) or (isinstance(written, str) and re.fullmatch(r"/[!-~]+", written)):
        return written
    raise ValueError("expected true, false or a path such as /oauth/2.0/token")


UNSET = "https://unset.invalid/"
"""A URL that leads nowhere, in place of one that is wrong."""
Url = Annotated[str, AfterValidator(_url)]
SwitchOrPath = Annotated[bool | str, BeforeValidator(_switch_or_path)]
Regex = Annotated[str, AfterValidator(_regex)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Method = Annotated[str, AfterValidator(_method)]
Methods = Annotated[list[Method], AfterValidator(_with_head)]
KeptMethods = Annotated[list[Literal["GET", "HEAD", "POST"]], AfterValidator(_with_head)]
Origin = Annotated[str, AfterValidator(_origin)]


def _one_or_more(*types: str) -> WithJsonSchema:
    return WithJsonSchema({"type": [*types, "array"], "items": {"type": list(types)}})


OneOrMore = Annotated[list[Scalar], BeforeValidator(_as_list), _one_or_more("string", "integer", "number", "boolean")]
Texts = Annotated[list[str], BeforeValidator(_as_list), _one_or_more("string")]
Rates = Annotated[list[_Rate], BeforeValidator(_as_list), _one_or_more("string")]
Scopes = Annotated[list[str], BeforeValidator(_scopes), _one_or_more("string")]
Statuses = Annotated[list[Annotated[int, Field(ge=100, le=599)]], BeforeValidator(_as_list), _one_or_more("integer")]


class Strict(BaseModel):
    """Unknown keys are errors, nothing changes after load, and no error message repeats a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class Secretive(Strict):
    """A model whose values may be secrets: its repr shows none of them."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from ()
