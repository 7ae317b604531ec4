"""The rules on a provider's keys that types can't see: templates, JMESPath, names of headers and cookies.

Owns: those on the keys that all providers have; a scheme's own stand beside its keys. Must not know: routes, files,
lines. No finding quotes a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proxy.auth.keys.provider import ProviderCommon, RefusalRule, StandIn
from proxy.auth.keys.reply import check_paths
from proxy.auth.paths import is_jmespath
from proxy.http.grammar import CONTROL, TOKEN, field_problem, value_problem
from proxy.values.template import Template
from proxy.values.where import Finding, Where


def check_provider(where: Where, provider: ProviderCommon) -> Iterator[Finding]:
    """Every mistake inside one provider."""
    yield from _inject((*where, "inject"), provider)
    for index, rule in enumerate(provider.refused or []):
        yield from _rule((*where, "refused", index), rule)
    for index, rule in enumerate(provider.dead or []):
        yield from _rule((*where, "dead", index), rule)
    if provider.dead and provider.effective_refusals:
        yield Finding((*where, "dead"), "only for a credential that nothing renews; write these rules under `refused`")
    if provider.stand_in is not None:
        yield from _stand_in((*where, "stand_in"), provider.stand_in)
    yield from provider.check(where)


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
        if provider is not None and (problem := provider.unfilled(name)):
            yield Finding(where, problem)
        elif name.startswith("reply.") and not is_jmespath(name.removeprefix("reply.")):
            yield Finding(where, "{reply...} needs a JMESPath expression behind its dot")


def _inject(where: Where, provider: ProviderCommon) -> Iterator[Finding]:
    inject = provider.effective_inject
    headers = {name: slot.value for name, slot in inject.slots.items()}
    places = {"header": headers, "query": inject.query, "cookie": inject.cookie}
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
    for name, beside in inject.beside.items():
        if "{" in beside.value.replace("{{", ""):
            yield Finding(
                (*where, "header", name, "mode"),
                "a credential takes the place of what a client sends; leave `mode` out",
            )


def _slot_problem(place: str, name: str, text: str) -> str | None:
    if place == "header":
        return field_problem(name, text)
    if place == "cookie":
        return value_problem(text) if TOKEN.fullmatch(name) else "not a name that a cookie can have"
    if not name:
        return "expected a name for what is injected"
    return "holds a control character" if CONTROL.search(text) else None


def _rule(where: Where, rule: RefusalRule) -> Iterator[Finding]:
    if rule == RefusalRule(safe_only=rule.safe_only, older_than=rule.older_than):
        yield Finding(where, "a rule needs status, header, json, message, body or content_type")
    yield from check_paths((*where, "json"), rule.json_)
    yield from check_paths((*where, "message"), rule.message)
    for name in rule.header or {}:
        if not TOKEN.fullmatch(name):
            yield Finding((*where, "header", name), "not a name that a header can have")


def _stand_in(where: Where, stand_in: StandIn) -> Iterator[Finding]:
    if not re.fullmatch(r"/[!-~]+", stand_in.path):
        yield Finding((*where, "path"), "expected a path such as /oauth/2.0/token", got=True)
