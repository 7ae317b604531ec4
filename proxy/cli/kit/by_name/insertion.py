"""Entries put into a config's text, which else stays as it is: comments, order, spaces. Pure.

Owns: where an entry goes. Must not know: what it means. Whoever inserts has to read the result before it counts: of a
spelling that is not foreseen here the worst is a text that says something else.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

_WIDTH = 2
_WORDS = (
    *(yaml.ScalarToken, yaml.AliasToken, yaml.AnchorToken, yaml.TagToken, yaml.ValueToken, yaml.BlockEntryToken),
    *(yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken),
)


class UnplaceableError(ValueError):
    """Says why an entry can't be put in."""


def inserted(text: str, section: str, lines: Sequence[str]) -> str:
    """`lines` are entries of the top-level mapping `section`, indented by 2; at its end, or in a new section.

    Raises UnplaceableError, and yaml.YAMLError for a text that is none.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return _put(text, len(text.rstrip()), [f"{section}:", *lines])
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise UnplaceableError("its outermost level is no mapping of one key a line")
    ends = [*(key.start_mark.index for key, _ in root.value[1:]), len(text)]
    for (key, value), end in zip(root.value, ends, strict=True):
        if key.value == section:
            return _into(text, key, value, end, lines)
    return _put(text, _end_of_line(text, _last(text, len(text))), [f"{section}:", *lines])


def _into(text: str, key: yaml.Node, value: yaml.Node, end: int, lines: Sequence[str]) -> str:
    """The entry ends before `end`."""
    indent = key.start_mark.column + _WIDTH
    if not value.value or value.tag.endswith(":null"):  # `{}`, `~`, or nothing at all
        begin, behind = value.start_mark.index, value.end_mark.index
        text = text[:begin].rstrip(" ") + text[behind:] if begin < behind else text
        return _put(text, _end_of_line(text, key.end_mark.index + 1), _indented(lines, indent))
    if not isinstance(value, yaml.MappingNode) or value.flow_style or value.start_mark.index < key.end_mark.index:
        raise UnplaceableError(f"`{key.value}` is no mapping of one key a line")
    first = value.value[0][0].start_mark.column
    return _put(text, _end_of_line(text, _last(text, end)), _indented(lines, first))


def _last(text: str, end: int) -> int:
    """Where the last word before `end` ends. Of words, since an alias is no node of its own, and a block is counted on
    to what is behind it.
    """
    words = (token for token in yaml.scan(text, Loader=yaml.SafeLoader) if token.start_mark.index < end)
    return max(int(token.end_mark.index) for token in words if isinstance(token, _WORDS))


def _end_of_line(text: str, at: int) -> int:
    """Of the line where what ends at `at` has its last character."""
    end = text.find("\n", max(len(text[:at].rstrip()), 0))
    return len(text) if end < 0 else end


def _put(text: str, at: int, lines: Sequence[str]) -> str:
    """Behind a line whose break is at `at`, with the file's own line breaks."""
    ends = "\r\n" if "\r\n" in text else "\n"
    before = text[:at].removesuffix("\r")
    after = text[at:].removeprefix("\n")
    return (before + ends if before else "") + ends.join(lines) + ends + after


def _indented(lines: Sequence[str], indent: int) -> list[str]:
    return [" " * indent + line[_WIDTH:] for line in lines]
