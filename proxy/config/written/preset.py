"""The form of a preset file (docs/presets.md): one API, written once, completed by a user's secrets.

Owns: which keys a preset has. Must not know: what must fit together in one (preset_check.py), what `use:` turns into
(catalogue.py), where preset files lie, secrets' values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from proxy.auth.keys.provider import Host, RefusalRule
from proxy.http.error_shape import ErrorShape
from proxy.values.kinds import Method, Strict, Texts

_GENERIC = re.compile(
    r"BASIC_\w+|(?:(?:ACCESS|API|APP|AUTH|BASE|BASIC|BEARER|CLIENT|ENDPOINT|HOST|ID|KEY|OAUTH2?|PASSWORD|SECRET|TOKEN|URL"
    r"|USER|USERNAME)(?:_|$))+"
)
"""Variables that may belong to anybody: no vendor is named in them."""

PARAMETER = re.compile(r"\{([A-Za-z_]\w*)\}")
"""One in a text."""


def _url(written: str) -> str:
    """May hold `{parameter}` anywhere but in its scheme, unless it is one parameter as a whole at its beginning."""
    if re.fullmatch(r"(https?://|\{\w+\})[^\s@#\x00-\x1f\x7f]*", written):
        return written
    raise ValueError("expected an absolute http(s) URL, which may hold {parameter}")


def _all_of(pattern: str, expected: str) -> AfterValidator:
    """A text that the pattern matches as a whole; `expected` says which that is."""

    def check(written: str) -> str:
        if re.fullmatch(pattern, written) is None:
            raise ValueError(f"expected {expected}")
        return written

    return AfterValidator(check)


BaseUrl = Annotated[str, AfterValidator(_url)]
Variable = Annotated[str, _all_of(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
ApiPath = Annotated[str, _all_of(r"/[^\s#\x00-\x1f\x7f]*", "a path below the upstream, such as /models")]
Day = Annotated[str, _all_of(r"\d{4}-\d\d-\d\d", "a day such as 2026-08-31")]


class Parameter(Strict):
    """`secret`: whether its value must be scrubbed from what others see; unsaid, the place it goes to decides.

    `env`: the variables that it is read from where nothing is said, the first that is set counts; `by` whom they are
    named so: the vendor's own SDK or page, or public use. `console`: where a person finds the value.
    """

    secret: bool | None = None
    env: Annotated[Texts, Field(min_length=1)] | None = None
    by: Literal["vendor", "usual"] = "vendor"
    help: str = ""
    console: str | None = None
    default: Any = None

    @property
    def required(self) -> bool:
        return "default" not in self.model_fields_set

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(self.env or ())

    @property
    def of_vendor(self) -> tuple[str, ...]:
        """Those of its variables that name the vendor; others may hold anybody's key."""
        return tuple(name for name in self.variables if not _GENERIC.fullmatch(name))


class Sdk(Strict):
    """How a vendor's SDK is pointed at the proxy: variables, or a setting in words where it reads none.

    `env` and `base` are texts over {base} (the route's address), {host} (its host and port), {path} (the rest of
    it) and {key}. `base`: what the SDK takes as base URL, where that is not the route's address. `needs`: https only,
    or a route without a prefix. `bases`: only where the route leads to one of these.
    """

    name: str
    env: dict[Variable, str] = Field(default={})
    setting: str | None = None
    base: str | None = None
    needs: list[Literal["tls", "root"]] = Field(default=[])
    bases: Texts = Field(default=[])


class Ended(Strict):
    """The vendor has said that the API ends on that day. `see`: the preset or the page that leads on."""

    on: Day
    see: str | None = None
    note: str | None = None

    def told(self, today: str) -> str:
        """In a sentence; `today` is a day, too."""
        said = [f"this API {'was' if self.on <= today else 'is'} to end on {self.on}"]
        said += [self.note.rstrip(".")] if self.note else []
        return "; ".join([*said, *([f"see {self.see}"] if self.see else [])])


class Live(Strict):
    """A harmless call that proves the credential. `tried`: whether somebody has seen it work."""

    method: Method = "GET"
    path: ApiPath
    base: str | None = None
    headers: dict[str, str] = Field(default={})
    json_: Any = Field(default=None, alias="json")
    note: str | None = None
    tried: bool = False


class Preset(Strict):
    """One file of the catalogue. `provider` is a provider whose texts and keys may hold `{parameter}`."""

    title: str
    summary: str = ""
    family: str | None = None
    group: str | None = None
    aliases: Texts = Field(default=[])
    docs: str | None = None
    sources: list[str] = Field(default=[])
    confidence: Literal["low", "medium", "high"] | None = None
    template: bool = False
    notes: str | None = None
    ended: Ended | None = None
    upstream: BaseUrl | None = None
    bases: Annotated[dict[str, BaseUrl], Field(min_length=1)] | None = None
    hosts: list[Host] = Field(default=[])
    parameters: dict[str, Parameter] = Field(default={})
    provider: dict[str, Any]
    dead: list[RefusalRule] = Field(default=[])
    error_shape: ErrorShape | None = None
    sdk: list[Sdk] = Field(default=[])
    live: Live | None = None
    examples: dict[str, Any] = Field(default={}, repr=False)

    def base(self, name: str | None = None) -> str | None:
        """The upstream of that name, by default the first. Raises KeyError."""
        if name is None:
            return self.upstream or next(iter((self.bases or {}).values()), None)
        return (self.bases or {})[name]

    def base_of(self, upstream: str) -> str | None:
        """The name of the base that this URL is, its parameters filled in; None if it is none of them."""
        for name, written in (self.bases or {}).items():
            texts = PARAMETER.split(written)[::2]  # between them the parameters' names
            if re.fullmatch("[^/]+".join(map(re.escape, texts)), upstream.rstrip("/")):
                return name
        return None

    @property
    def of_hosts(self) -> frozenset[str]:
        """The parameters that decide where a credential goes: never read unasked."""
        urls = [url for url in (self.upstream, *(self.bases or {}).values()) if url]
        hosts = [*(_authority(url) for url in (*urls, *_urls(self.provider))), *(each.host for each in self.hosts)]
        return frozenset(name for host in hosts for name in PARAMETER.findall(host)) & self.parameters.keys()

    def unasked(self, parameter: str) -> tuple[str, ...]:
        """The variables that are read where nobody gives the parameter."""
        return () if parameter in self.of_hosts else self.parameters[parameter].of_vendor


read_preset = TypeAdapter(Preset).validate_python


def _authority(url: str) -> str:
    """The part of a URL up to its path; of `{base}/x` the parameter, which brings scheme and host along."""
    scheme, slashes, rest = url.partition("://")
    return (rest if slashes else scheme).partition("/")[0].partition("?")[0]


def _urls(tree: Any) -> Iterator[str]:
    """The texts of a provider that say where a request for a token goes: those under `url`, `issuer`, `..._url`."""
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():
        if isinstance(value, str) and (key in ("url", "issuer") or str(key).endswith("_url")):
            yield value
        elif isinstance(value, list):
            yield from (url for each in value for url in _urls(each))
        else:
            yield from _urls(value)
