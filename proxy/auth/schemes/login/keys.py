"""The keys of `scheme: login`, and the rules on them.

Must not know: how a request is built or sent. No finding quotes a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from proxy.auth.filled import check_templates
from proxy.auth.keys.provider import ProviderCommon, Refresh
from proxy.auth.keys.reply import Format, ReplyMap, check_locator, check_paths
from proxy.auth.keys.sign_by_reply import KeyedProvider
from proxy.auth.keys.values import Value, check_name, check_values
from proxy.auth.schemes.login.carried import CarryingProvider
from proxy.auth.schemes.login.token_request import TEXTS, Forced, TokenRequest
from proxy.values.kinds import UNSET, OneOrMore, Secretive
from proxy.values.where import Finding, Where


class Step(Secretive):
    """One of several requests. `keep`: by name, where its reply holds what the next ones need.

    The last one's reply is read by the provider's `reply`.
    """

    request: TokenRequest
    keep: dict[str, str] = {}
    ok: dict[str, OneOrMore] = {}
    format: Format | None = None

    def check(self, where: Where, *, last: bool) -> Iterator[Finding]:
        for key in ("keep", "ok", "format") if last else ():
            if key in self.model_fields_set:
                yield Finding((*where, key), "the last reply is read by the provider's `reply`")
        for name, locator in self.keep.items():
            yield from check_locator((*where, "keep", name), locator)
        yield from check_paths((*where, "ok"), self.ok)


class LoginRefresh(Refresh):
    """`request` buys the next token with the refresh token, `{refresh_token}`; its reply is read as the login's.

    `in_place`: it prolongs the token, `{token}`, which stays the same. `forced` is for keys that buy.
    """

    request: TokenRequest | None = None
    reply: ReplyMap | None = None
    in_place: bool = False
    forced: Forced | None = None

    @property
    def spends(self) -> str:
        """What its request is made with."""
        return "token" if self.in_place else "refresh_token"


class LoginProvider(KeyedProvider, CarryingProvider):
    """Either `request`, as it is written, or `steps`, whose texts are templates. `values` are made for each login.

    `sign`: the reply brings keys, by which requests to the API are signed.
    `refresh_token` or `token` is what the first refresh is made with, where nobody has to log in before. `username` is
    that of `{basic}`, whose password the token is.
    """

    fillers: ClassVar[Mapping[str, Any]] = {"request": {"url": UNSET}}

    scheme: Literal["login"]
    request: TokenRequest | None = None
    steps: list[Step] = []
    values: dict[str, Value] = {}
    reply: ReplyMap = ReplyMap()
    refresh: LoginRefresh = LoginRefresh()
    refresh_token: str | None = None
    token: str | None = None
    username: str | None = None

    @model_validator(mode="after")
    def whole(self) -> LoginProvider:
        refresh = self.refresh
        if self.request is not None and self.steps:
            raise ValueError("give either request or steps")
        if not self.requests and refresh.request is None:
            raise PydanticCustomError("missing_key", "missing", {"key": "request"})
        if self.values and not self.steps and refresh.request is None:
            raise ValueError("values are for steps and refresh.request; request is sent as it is written")
        if refresh.request is None and (refresh.reply is not None or refresh.in_place):
            raise ValueError("refresh.reply and refresh.in_place need refresh.request")
        if refresh.forced is not None:
            if self.request is None or refresh.request is not None:
                raise ValueError("refresh.forced is for a provider with `request`, and none in refresh")
            refresh.forced.over(self.request)
        for key in ("token", "refresh_token"):
            if getattr(self, key) is not None and (refresh.request is None or refresh.spends != key):
                raise ValueError(f"{key} is for a refresh.request that is made with it")
        return self

    @property
    def requests(self) -> tuple[TokenRequest, ...]:
        """Those of a login by keys, in their order."""
        return tuple(step.request for step in self.steps) if self.request is None else (self.request,)

    @property
    def forced(self) -> LoginProvider | None:
        """The same one as it asks for another token than the one that is handed out again."""
        forced = self.refresh.forced
        if forced is None or self.request is None:
            return None
        return self.model_copy(update={"request": forced.over(self.request), "refresh": LoginRefresh()})

    @property
    def reply_shape(self) -> dict[str, Any]:
        return self.reply.shape

    @property
    def names_upstream(self) -> bool:
        return self.reply.upstream is not None

    @property
    def first(self) -> str | None:
        """What the first refresh is made with."""
        return self.token if self.refresh.in_place else self.refresh_token

    def known_at(self, step: int) -> tuple[str, ...]:
        """The names that templates of that step know."""
        return (*self.carries, *self.values, *(name for before in self.steps[:step] for name in before.keep))

    @property
    def kept(self) -> tuple[str, ...]:
        """The names of what the steps before the last keep."""
        return tuple(name for step in self.steps[:-1] for name in step.keep)

    @property
    def known_refreshing(self) -> tuple[str, ...]:
        return (*self.carries, *self.values, self.refresh.spends)

    def unfilled(self, name: str) -> str | None:
        if name == "basic":
            return "{basic} needs username: the token is its password" if self.username is None else None
        return super().unfilled(name)

    def same_login(self, other: ProviderCommon) -> bool:
        """The same person's, if the refresh token that they began with is."""
        if not isinstance(other, LoginProvider) or self.requests or other.requests or self.first is None:
            return False
        mine, theirs = self.refresh.request, other.refresh.request
        return self.first == other.first and mine is not None and theirs is not None and mine.url == theirs.url

    def check(self, where: Where) -> Iterator[Finding]:
        yield from self.check_sign(where)
        yield from self.check_carried(where, self.request, (*self.requests, self.refresh.request))
        yield from check_values((*where, "values"), self.values)
        if self.request is not None:
            yield from self._check_request((*where, "request"), self.request, None)
        for index, step in enumerate(self.steps):
            here: Where = (*where, "steps", index)
            known = self.known_at(index)
            yield from self._check_request((*here, "request"), step.request, known)
            yield from step.check(here, last=index + 1 == len(self.steps))
            for name in step.keep:
                yield from check_name((*here, "keep", name), name, known)
        yield from self.reply.check((*where, "reply"), self.hosts, self.kept)
        if self.refresh.request is not None:
            here = (*where, "refresh", "request")
            yield from self._check_request(here, self.refresh.request, self.known_refreshing)
        if self.refresh.reply is not None:
            yield from self.refresh.reply.check((*where, "refresh", "reply"), self.hosts)

    def _check_request(self, where: Where, request: TokenRequest, known: tuple[str, ...] | None) -> Iterator[Finding]:
        """`known` are the names in its texts, None where they are no templates."""
        yield from self.check_url((*where, "url"), request.url)
        yield from request.check(where)
        if known is None:
            return
        for key in TEXTS:
            yield from check_templates((*where, key.removesuffix("_")), getattr(request, key), known)
        if "{" in urlsplit(request.url).netloc and not self._may_name(request.url):
            yield Finding(
                (*where, "url"),
                "no issuer may choose where the next request, and its secrets, go: write the host out, or"
                " https://{NAME}/... of one that the provider's `hosts` list with credential: true",
            )

    def _may_name(self, url: str) -> bool:
        """Whether the host is what an earlier step has kept, and may be one of a list."""
        named = re.fullmatch(r"https://\{(\w+)\}(/.*)?", url)
        return named is not None and named[1] in self.kept and any(host.credential for host in self.hosts)
