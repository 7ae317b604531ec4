"""XML as the same kind of document that JSON is, so that paths lead into it.

An element without children is its text, or else its attributes; any other is an object of its attributes and children,
and children of one name are a list. Namespaces are left out of names.

Must not know: what is looked for in it. A document type is never read, so there are no entities to grow or to lead
elsewhere (CWE-776, CWE-611): a reply that has one is refused before anything of it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from xml.parsers import expat

DEEPEST = 64
MOST = 20_000
"""Elements; a reply of 1 MiB could hold a quarter of a million."""

_CHINESE = re.compile(rb"""\s*<\?xml[^>]*\bencoding\s*=\s*["']gb(?:k|2312|18030)["']""", re.IGNORECASE)
"""What declares itself in one of the encodings of China, of which expat has none; GB 18030 holds the others."""

_BETWEEN = "\n"
"""Between a namespace and a name: no name holds it."""


def read_xml(body: bytes) -> dict[str, Any]:
    """Raises ValueError, and nothing else; its text quotes nothing of the body."""
    tree = _Tree()
    chinese = _CHINESE.match(body) is not None
    parser = expat.ParserCreate("utf-8" if chinese else None, _BETWEEN)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.text
    try:
        parser.Parse(body.decode("gb18030") if chinese else body, True)
    except _RefusedError:
        raise
    except (expat.ExpatError, LookupError, ValueError):  # the last two for encodings that Python has not, or not so
        raise ValueError("not XML") from None
    return tree.document


class _RefusedError(ValueError):
    pass


def _refuse(*_: object) -> None:
    raise _RefusedError("XML with a document type (DTD), which is never read")


class _Element(NamedTuple):
    attributes: dict[str, str]
    children: dict[str, Any]
    texts: list[str]

    @property
    def value(self) -> Any:
        text = "" if self.children else "".join(self.texts).strip()
        return text or (self.attributes | self.children) or ""


class _Tree:
    """What has been read of one document."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self._open: list[_Element] = []
        self._count = 0

    def start(self, _name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEEPEST or self._count > MOST:
            raise _RefusedError("XML that is nested too deeply or has too many elements")
        self._open.append(_Element({_local(each): value for each, value in attributes.items()}, {}, []))

    def text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def end(self, name: str) -> None:
        value = self._open.pop().value
        _add(self._open[-1].children if self._open else self.document, _local(name), value)


def _add(within: dict[str, Any], name: str, value: Any) -> None:
    if name not in within:
        within[name] = value
    elif isinstance(within[name], list):
        within[name].append(value)
    else:
        within[name] = [within[name], value]


def _local(name: str) -> str:
    return name.rpartition(_BETWEEN)[2]
