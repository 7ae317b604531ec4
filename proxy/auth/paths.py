"""Strangers' JSON, and paths into it.

Owns: reading JSON that may be in any shape or charset, and compiled JMESPath. Must not know what a found value means.
Nothing here raises on an odd document but `read_json`, which raises ValueError and nothing else.
"""

from __future__ import annotations

import codecs
import json
import re
import warnings
from dataclasses import field
from typing import TYPE_CHECKING, Any

from proxy.values.record import record

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

_DECODER = json.JSONDecoder()
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


@record
class Path:
    """A compiled JMESPath. `keys` are its names if it is nothing but dotted names, which a walk finds fastest."""

    text: str
    keys: tuple[str, ...] = ()
    _expression: ParsedResult | None = field(default=None, repr=False, compare=False)

    def find(self, document: Any) -> Any | None:
        """What the path leads to; None if it leads nowhere, to null, or into something it can't be applied to."""
        if self._expression is not None:
            return _search(self._expression, document)
        for key in self.keys:
            if not isinstance(document, dict):
                return None
            document = document.get(key)
        return document


def compile_path(text: str) -> Path:
    """Raises ValueError if `text` is not JMESPath, calls unknown functions included."""
    if _DOTTED.fullmatch(text):
        return Path(text, tuple(text.split(".")))
    import jmespath  # noqa: PLC0415 -- 3 ms that only paths of more than names need
    from jmespath.exceptions import ArityError, JMESPathError, UnknownFunctionError  # noqa: PLC0415 -- as above

    try:
        expression = jmespath.compile(text)
    except JMESPathError:
        raise ValueError(f"expected a JMESPath expression, got {text!r}") from None
    try:
        expression.search({})  # functions are only looked up when they are called
    except (UnknownFunctionError, ArityError) as error:
        raise ValueError(f"expected a JMESPath expression, got {text!r} ({error})") from None
    except Exception:  # noqa: S110 -- an empty document may well have the wrong type for a good expression
        pass
    return Path(text, (), expression)


def is_jmespath(text: str) -> bool:
    """Whether it compiles and calls only functions that exist, with as many arguments as they take."""
    try:
        with warnings.catch_warnings():
            # literals without quotes are an older form of the language, which is still in use
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            compile_path(text)
    except (ValueError, RecursionError, TypeError, AttributeError, IndexError, KeyError):
        # the library's lexer and parser let some of Python's own errors through on odd input
        return False
    return True


def _search(expression: ParsedResult, document: Any) -> Any | None:
    try:
        return expression.search(document)
    except Exception:
        # JMESPath's own type errors, and whatever Python raises inside its functions on types they never expected.
        return None


def as_text(value: Any) -> str | None:
    """A scalar as vendors mix them: 110, "110" and 110.0 are one text. None for null, objects and lists."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
        case _:
            return None


def read_json(body: bytes) -> Any:
    """The document; any UTF, with or without a BOM, GB 18030 and Latin-1 are understood. Raises only ValueError."""
    try:
        try:
            return json.loads(body)
        except UnicodeDecodeError:
            return json.loads(_decode(body))
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def first_json(body: bytes) -> Any:
    """The first of several documents, or of one and anything; the bytes may be cut off anywhere behind it.

    UTF-8 and GB 18030 are understood. Raises only ValueError, also for a number or word that may go on.
    """
    text = _decode_beginning(body.removeprefix(codecs.BOM_UTF8)).lstrip(" \t\r\n")
    try:
        document, end = _DECODER.raw_decode(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if end == len(text) and text[-1] not in '}]"':
        raise ValueError("more of it may come")
    return document


def _decode_beginning(body: bytes) -> str:
    """As `_decode`; half a character at the end is left out."""
    try:
        return codecs.utf_8_decode(body, "strict", False)[0]
    except UnicodeDecodeError:
        pass
    try:
        return codecs.getincrementaldecoder("gb18030")().decode(body)
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _decode(body: bytes) -> str:
    """For bytes that are in no UTF: GB 18030, of which GBK and GB 2312 are parts, else Latin-1, which takes all."""
    try:
        return body.decode("gb18030")
    except UnicodeDecodeError:
        return body.decode("latin-1")
