"""The rules within one provider that need more than types: templates, JMESPath, headers, plain http.

Owns: those, and what a header may be named and hold. Must not know: routes, files, lines. No finding quotes a value.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import ArityError, JMESPathError, UnknownFunctionError

from proxy.config.model import (
    LoginProvider,
    OAuth2Provider,
    ProviderCommon,
    RefusalRule,
    ReplyMap,
    StandIn,
    StaticProvider,
    TokenRequest,
)
from proxy.config.rules.oauth2 import check_oauth2
from proxy.config.rules.reach import check_issuer
from proxy.http.grammar import OF_THE_CONNECTION, TOKEN
from proxy.values.template import Template
from proxy.values.where import Finding, Where

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def check_provider(where: Where, name: str, provider: ProviderCommon) -> Iterator[Finding]:
    """Every mistake inside one provider."""
    if name == "none":
        yield Finding(where, "`none` means a route without a credential; give the provider another name")
    if not name or re.search(r"[/\s\x00-\x1f\x7f]", name):
        yield Finding(where, "a provider's name can't be empty, nor hold a slash or blanks: it stands in URLs")
    yield from _inject((*where, "inject"), provider)
    for index, rule in enumerate(provider.refused or []):
        yield from _rule((*where, "refused", index), rule)
    if provider.stand_in is not None:
        yield from _stand_in((*where, "stand_in"), provider.stand_in)
    match provider:
        case StaticProvider():
            yield from _static(where, provider)
        case OAuth2Provider():
            for key in ("token_url", "issuer", "authorization_url", "device_url", "revocation_url"):
                yield from check_issuer((*where, key), getattr(provider, key), provider)
            yield from check_oauth2(where, provider)
            yield from _reply((*where, "reply"), provider.reply)
        case LoginProvider():
            yield from check_issuer((*where, "request", "url"), provider.request.url, provider)
            yield from _request((*where, "request"), provider.request)
            yield from _reply((*where, "reply"), provider.reply)


def field_problem(name: str, value: str) -> str | None:
    """Why this can't be a header of a request or reply, if it can't."""
    if not TOKEN.fullmatch(name):
        return "not a name that a header can have"
    if name.lower() in OF_THE_CONNECTION:
        return "this header belongs to the connection; the proxy sets it itself"
    return value_problem(value)


def value_problem(value: str) -> str | None:
    if _CONTROL.search(value):
        return "holds a line break or another control character, which a header can't carry; was it copied whole?"
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return "holds a character that a header can't carry; was it copied whole?"
    return None


def template_findings(where: Where, text: str, provider: ProviderCommon | None) -> Iterator[Finding]:
    """Whether a template parses, and whether `provider` has what it asks for; None: a route without a provider."""
    try:
        names = Template.parse(text).names
    except ValueError as error:
        yield Finding(where, str(error))
        return
    if names and provider is None:
        yield Finding(where, "a template needs a provider, and the route's is `none`")
        return
    for name in dict.fromkeys(names):
        if name.startswith("reply.") and isinstance(provider, StaticProvider):
            yield Finding(where, "a static provider has no reply to take {reply...} from")
        elif name.startswith("reply.") and not is_jmespath(name.removeprefix("reply.")):
            yield Finding(where, "{reply...} needs a JMESPath expression behind its dot")
        elif name == "basic" and not (isinstance(provider, StaticProvider) and provider.username is not None):
            yield Finding(where, "{basic} needs scheme static with username and password")
        elif name == "token" and isinstance(provider, StaticProvider) and provider.token is None:
            yield Finding(where, "{token} needs a token; with username and password there is {basic}")


def _inject(where: Where, provider: ProviderCommon) -> Iterator[Finding]:
    inject = provider.effective_inject
    places = {"header": inject.header, "query": inject.query, "cookie": inject.cookie}
    for place, slots in (places | {"json": inject.json_, "form": inject.form}).items():
        lower = [name.lower() for name in slots]
        for name, text in slots.items():
            slot: Where = (*where, place, name)
            problem = _slot_problem(place, name, text)
            if problem:
                yield Finding(slot, problem)
            if place == "header" and lower.count(name.lower()) > 1:
                yield Finding(slot, "the same header in two spellings")
            yield from template_findings(slot, text, provider)


def _slot_problem(place: str, name: str, text: str) -> str | None:
    if place == "header":
        return field_problem(name, text)
    if place == "cookie":
        return value_problem(text) if TOKEN.fullmatch(name) else "not a name that a cookie can have"
    if not name:
        return "expected a name for what is injected"
    return "holds a control character" if _CONTROL.search(text) else None


def _static(where: Where, provider: StaticProvider) -> Iterator[Finding]:
    in_headers = provider.effective_inject.header or provider.effective_inject.cookie
    token = provider.token
    if token is not None:
        if not token:
            yield Finding((*where, "token"), "empty")
        elif problem := value_problem(token if in_headers else re.sub(r"[^\x00-\x7f]", "", token)):
            yield Finding((*where, "token"), problem)
    for key, value in (("username", provider.username), ("password", provider.password)):
        if _CONTROL.search(value or ""):
            yield Finding((*where, key), "holds a line break or another control character; was it copied whole?")
    if ":" in (provider.username or ""):
        yield Finding((*where, "username"), "can't hold a colon: it ends the name in HTTP Basic (RFC 7617)")


def _request(where: Where, request: TokenRequest) -> Iterator[Finding]:
    for name, value in request.headers.items():
        if problem := field_problem(name, value):
            yield Finding((*where, "headers", name), problem)


def _reply(where: Where, reply: ReplyMap) -> Iterator[Finding]:
    for key in ("token", "expires_in", "expires_at", "refresh_in", "refresh_token", "scope", "error"):
        value = getattr(reply, key)
        path, at = (value, (*where, key)) if isinstance(value, str | None) else (value.path, (*where, key, "path"))
        if path is not None and key in ("token", "expires_in", "expires_at") and path.startswith("header:"):
            if not TOKEN.fullmatch(path.removeprefix("header:")):
                yield Finding(at, "expected header:NAME")
        elif path is not None and not is_jmespath(path):
            yield Finding(at, "expected a JMESPath expression", got=True)
    yield from _paths((*where, "ok"), reply.ok)
    for index, rule in enumerate(reply.errors):
        yield from _paths((*where, "errors", index, "json"), rule.json_)
        yield from _paths((*where, "errors", index, "message"), rule.message)


def _rule(where: Where, rule: RefusalRule) -> Iterator[Finding]:
    if rule == RefusalRule(safe_only=rule.safe_only, older_than=rule.older_than):
        yield Finding(where, "a rule needs status, header, json, message, body or content_type")
    yield from _paths((*where, "json"), rule.json_)
    yield from _paths((*where, "message"), rule.message)
    for name in rule.header or {}:
        if not TOKEN.fullmatch(name):
            yield Finding((*where, "header", name), "not a name that a header can have")


def _paths(where: Where, rules: Mapping[str, Any] | None) -> Iterator[Finding]:
    for path in rules or {}:
        if not is_jmespath(path):
            yield Finding((*where, path), "expected a JMESPath expression as key")


def _stand_in(where: Where, stand_in: StandIn) -> Iterator[Finding]:
    if not re.fullmatch(r"/[!-~]+", stand_in.path):
        yield Finding((*where, "path"), "expected a path such as /oauth/2.0/token", got=True)


def is_jmespath(text: str) -> bool:
    """Whether it compiles and calls only functions that exist, with as many arguments as they take."""
    try:
        with warnings.catch_warnings():
            # literals without quotes are an older form of the language, which is still in use
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            expression = jmespath.compile(text)
    except (JMESPathError, RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError):
        # the library's lexer and parser let some of Python's own errors through on odd input
        return False
    try:
        expression.search({})  # functions are only looked up when they are called
    except (UnknownFunctionError, ArityError):
        return False
    except Exception:
        return True  # an empty document may well have the wrong type for a good expression
    return True
