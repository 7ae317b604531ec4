"""What pydantic says, in words for the person who wrote the file.

Owns: the wording of problems, and how a wrong value is shown in them. Must not know: files and lines. It sees the
tree as written, `${...}` and all; a resolved value never gets here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from proxy.auth.schemes import NAMES
from proxy.config.secrets.sensitive import may_show
from proxy.values.names import did_you_mean, no_such_switch
from proxy.values.where import NOWHERE, Finding, Nowhere, Where, at

KnownKeys = Callable[[Where], Collection[str]]
"""The keys that a mapping may have."""

MISSING = "missing"
MISSING_KEY = "missing_key"
"""The kind of pydantic's own error for a `key` that is needed only where others are not there."""
_LONGEST = 60
_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "keys and values",
    "model": "keys and values",
}
_WRONG_TYPE = re.compile(
    r"(string|int|float|bool|list|dict|model)_(?:attributes_)?(?:type|parsing|from_float|parsing_size|sub_type|unicode)"
)
_BOUNDS = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}


def translate(error: ValidationError, written: Mapping[str, Any], keys: KnownKeys) -> list[Finding]:
    """One finding per place. pydantic complains of each branch of a union; the person meant one of them."""
    by_place: dict[Where, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False, include_input=False):
        by_place.setdefault(_where(details, written), []).append(details)
    findings = []
    around = {where[:depth] for where in by_place for depth in range(len(where))}
    for where, several in by_place.items():
        kept = [each for each in several if not (where in around and _WRONG_TYPE.fullmatch(each["type"]))]
        findings += [_finding(where, kept, written, keys)] if kept else []
    misspelt = {(finding.where[:-1], finding.hint) for finding in findings}
    return [finding for finding in findings if not _is_misspelt(finding, misspelt)]


def _is_misspelt(finding: Finding, misspelt: Collection[tuple[Where, str]]) -> bool:
    """Whether what is missing is there under a wrong key, of which the person is told already."""
    if finding.message != MISSING:
        return False
    return (finding.where[:-1], did_you_mean(finding.where[-1], [str(finding.where[-1])])) in misspelt


def _where(details: ErrorDetails, written: Any) -> Where:
    """pydantic's `loc` without what is no key: names of union branches, `[key]`, indexes into a lone value."""
    where: Where = ()
    for index, step in enumerate(details["loc"]):
        missing = details["type"] == "missing" and index == len(details["loc"]) - 1
        if missing or at(written, (*where, step)) is not NOWHERE:
            where = (*where, step)
    if details["type"].startswith("union_tag_"):
        return (*where, "scheme")
    return (*where, details["ctx"]["key"]) if details["type"] == MISSING_KEY else where


def _finding(  # noqa: PLR0911 -- one return per kind of mistake
    where: Where, several: list[ErrorDetails], written: Mapping[str, Any], keys: KnownKeys
) -> Finding:
    details = several[0]
    kind, context = details["type"], details.get("ctx", {})
    if _WRONG_TYPE.fullmatch(kind):
        return Finding(where, f"expected {_types(several)}", got=True)
    if kind in ("missing", MISSING_KEY):
        return Finding(where, MISSING)
    if kind == "union_tag_not_found":
        return Finding(where, f"missing; give one of {_choice(NAMES)}, or a preset with `use`")
    if kind == "extra_forbidden":
        hint = no_such_switch(where[-1]) or did_you_mean(where[-1], keys(where[:-1]))
        return Finding(where, f"unknown key {_quoted(str(where[-1]))}", hint)
    if kind in ("literal_error", "union_tag_invalid"):
        choices = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
        return Finding(
            where, f"expected one of {_choice(choices)}", did_you_mean(at(written, where), choices), got=True
        )
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return Finding(where, f"expected {words} {context[key]}", got=True)
    if kind == "string_pattern_mismatch":
        return Finding(where, f"expected text of the form {context['pattern']}", got=True)
    if kind == "value_error":
        whole = isinstance(at(written, where), dict)  # a rule about a whole mapping quotes nothing
        return Finding(where, details["msg"].removeprefix("Value error, "), got=not whole)
    return Finding(where, details["msg"][:1].lower() + details["msg"][1:])


def _types(several: Iterable[ErrorDetails]) -> str:
    kinds = [match[1] for details in several if (match := _WRONG_TYPE.fullmatch(details["type"]))]
    return " or ".join(dict.fromkeys(_EXPECTED[kind] for kind in kinds))


def _choice(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def as_written(where: Where, written: Mapping[str, Any]) -> Where:
    """Without the indexes that the model puts on lone values in place of lists."""
    kept: Where = ()
    for step in where:
        if not isinstance(step, int) or at(written, (*kept, step)) is not NOWHERE:
            kept = (*kept, step)
    return kept


def message(finding: Finding, written: Mapping[str, Any]) -> str:
    """The whole message; `written` is the tree before its `${...}` were resolved."""
    where = as_written(finding.where, written)
    got = _got(where, at(written, where)) if finding.got else ""
    return finding.message + got + finding.hint


def _got(where: Where, value: Any) -> str:  # noqa: PLR0911 -- one return per kind of value
    match value:
        case Nowhere():
            return ""
        case None:
            return ", got nothing"
        case dict():
            return ", got keys and values"
        case list():
            return ", got a list"
        case _ if not may_show(where):
            return ""
        case bool():
            return f", got {str(value).lower()}"
        case str():
            return f", got {_quoted(_without_secrets(value))}"
        case _:
            return f", got {value}"


def _without_secrets(text: str) -> str:
    """A URL without the parts that passwords and keys are put into."""
    text = re.sub(r"\?.*", "?...", text, flags=re.DOTALL) if "?" in text and "/" in text else text
    return re.sub(r"^(\w+:/+)?.*@", r"\1...@", text, flags=re.DOTALL)


def _quoted(text: str) -> str:
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return f"'{cut}'" if cut.isprintable() else repr(cut)
