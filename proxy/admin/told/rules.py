"""A provider's `refused` and `dead` rules, for scripts and in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from proxy.admin.told import shown
from proxy.auth.keys.provider import ProviderCommon, RefusalRule


def of_refusal(provider: ProviderCommon | None) -> list[dict[str, Any]]:
    """As they'd stand in the config; the default is spelled out."""
    return _written([] if provider is None else provider.effective_refusals)


def of_death(provider: ProviderCommon | None) -> list[dict[str, Any]]:
    """The same for a credential that nothing renews."""
    return _written([] if provider is None else provider.effective_dead)


def _written(rules: Sequence[RefusalRule]) -> list[dict[str, Any]]:
    return [rule.model_dump(by_alias=True, exclude_defaults=True) for rule in rules]


def spelled_out(rule: Mapping[str, Any]) -> dict[str, Any]:
    """One as a preset has it, whose lone values need no list, and which may hold `{parameter}`."""
    try:
        return RefusalRule.model_validate(rule).model_dump(by_alias=True, exclude_defaults=True)
    except ValidationError:
        return {key: value if isinstance(value, dict | list) else [value] for key, value in rule.items()}


def text(rule: Mapping[str, Any]) -> str:
    return " and ".join(_WORDS[key](value) for key, value in rule.items())


def _either(values: Any) -> str:
    return " or ".join(map(str, values))


def _each(words: str) -> Callable[[Any], str]:
    return lambda pairs: " and ".join(words.format(name, wanted) for name, wanted in pairs.items())


_WORDS: dict[str, Callable[[Any], str]] = {
    "status": lambda statuses: f"status {_either(statuses)}",
    "header": _each("header {} holds '{}'"),
    "json": lambda paths: " and ".join(f"{path} is {_either(values)}" for path, values in paths.items()),
    "message": _each("{} matches /{}/"),
    "body": lambda words: f"the body holds {_either(map(repr, words))}",
    "content_type": lambda kind: f"the content type begins with {kind}",
    "older_than": lambda seconds: f"the token is older than {shown.duration(seconds)}",
    "safe_only": lambda _: "the method is GET, HEAD or OPTIONS",
}
