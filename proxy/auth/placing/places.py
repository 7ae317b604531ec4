"""Putting finished credentials into the parts of a request, in place of what the client sent there (docs/traps.md 20).

Owns: editing queries, cookies, JSON and form bodies. Must not know what is put in. Pure functions over bytes; what
isn't the credential's place keeps its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from json import JSONDecodeError, JSONDecoder, JSONEncoder
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

Field = tuple[tuple[str, ...], str]
_decoder: Final = JSONDecoder()
_encoded: Final = JSONEncoder(ensure_ascii=False).encode
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]+")
_SPACE: Final = re.compile(r"[ \t\r\n]*")


def inject_query(query: bytes, names: Collection[str], injected: bytes) -> bytes:
    """Drops the client's parameters of these (lower case) names, in any case and spelling, then adds ours."""
    kept = _without(query, names) if query else b""
    return kept + b"&" + injected if kept and injected else kept or injected


def inject_form(body: bytes, names: Collection[str], injected: bytes) -> bytes:
    """The same for a form body."""
    return inject_query(body.strip(b"\r\n"), names, injected)


def _without(query: bytes, names: Collection[str]) -> bytes:
    return b"&".join(_others(query.split(b"&"), b";", names))


def _others(parts: Iterable[bytes], also: bytes, names: Collection[str]) -> Iterator[bytes]:
    """The parts that are not of these names, nor read so by servers to which `also` parts them, too."""
    for part in parts:
        if also not in part:
            if not is_called(part, names):
                yield part
        elif kept := list(_other_pieces(part.split(also), names)):
            yield also.join(kept)


def _other_pieces(pieces: Sequence[bytes], names: Collection[str]) -> Iterator[bytes]:
    """Where the first is of these names, those behind it that have none are the rest of its value (`time=1;2`)."""
    of_first = is_called(pieces[0], names)
    for piece in pieces:
        if is_called(piece, names) or (of_first and b"=" not in piece):
            continue
        of_first = False
        yield piece


def is_called(part: bytes, names: Collection[str]) -> bool:
    """Frameworks read `name[]` and `name[x]` as parts of a list or a mapping called `name`."""
    name = part.partition(b"=")[0].decode("latin-1")
    if "%" in name or "+" in name:
        name = unquote_plus(name)
    name = name.strip().strip('"').lower()
    return name in names or name.partition("[")[0] in names


def inject_cookie(client: bytes | None, names: Collection[str], injected: bytes) -> bytes:
    """The client's cookies without these (lower case) names, then ours."""
    pairs = [pair for piece in (client or b"").split(b";") if (pair := piece.strip())]
    kept = _others(pairs, b",", names)
    return b"; ".join([*kept, injected] if injected else kept)


def inject_json(body: bytes, fields: Sequence[Field]) -> bytes:
    """Sets fields by the keys that lead to them; everything else keeps its bytes, numbers and order included.

    Raises ValueError if the body, or what a key leads into, isn't a JSON object.
    """
    try:
        text = body.decode("utf-8-sig")
        if _are_new(text, fields):
            return _with(text, fields).encode()
        for keys, value in fields:
            text = _set(text, keys, _encoded(value))
        return text.encode()
    except (ValueError, RecursionError):
        raise ValueError("expected a JSON object") from None


def _are_new(text: str, fields: Sequence[Field]) -> bool:
    """Can it be told by a look that no member of these names is there? A name may be spelled with escapes."""
    names = {keys[0] for keys, _ in fields}
    plain = len(names) == len(fields) and "\\u" not in text
    return plain and all(_PLAIN.fullmatch(name) and f'"{name}"' not in text for name in names)


def _with(text: str, fields: Sequence[Field]) -> str:
    """With all of them at the end of the one object that `text` is."""
    before = _decoder.decode(text)
    if not isinstance(before, dict):
        raise JSONDecodeError("expected an object", text, 0)
    for keys, value in fields:
        text = _append(text, bool(before), keys, _encoded(value))
        before = True
    return text


class _Member(NamedTuple):
    key: str
    start: int
    value: int
    end: int


def _set(text: str, keys: tuple[str, ...], value: str) -> str:
    """`text` is one object. The first member of the name is replaced in place, later ones go (docs/traps.md 20)."""
    members = list(_members(text))
    same = [member for member in members if member.key == keys[0]]
    if not same:
        return _append(text, bool(members), keys, value)
    rest = keys[1:]
    # Readers take the last one of several, so it's the last one's content that a nested field is set in.
    inner = _set(text[same[-1].value : same[-1].end], rest, value) if rest else value
    for member in reversed(same[1:]):
        text = text[: text.rindex(",", 0, member.start)] + text[member.end :]
    return text[: same[0].value] + inner + text[same[0].end :]


def _append(text: str, after: bool, keys: tuple[str, ...], value: str) -> str:
    for key in reversed(keys[1:]):
        value = f"{{{_encoded(key)}:{value}}}"
    end = text.rindex("}")
    head = text[:end].rstrip(" \t\r\n")
    return f"{head}{',' if after else ''}{_encoded(keys[0])}:{value}{text[len(head) :]}"


def _members(text: str) -> Iterator[_Member]:
    """The members of the one object that `text` is, with their offsets."""
    at = _after(text, 0, "{")
    if text[at : at + 1] == "}":
        at += 1
    else:
        while True:
            key, colon = _decoder.raw_decode(text, at)
            if not isinstance(key, str):
                raise JSONDecodeError("expected a key", text, at)
            value = _after(text, colon, ":")
            _, end = _decoder.raw_decode(text, value)
            yield _Member(key, at, value, end)
            at = _skip(text, end)
            if text[at : at + 1] == "}":
                at += 1
                break
            at = _after(text, at, ",")
    if _skip(text, at) != len(text):
        raise JSONDecodeError("expected the end", text, at)


def _after(text: str, at: int, mark: str) -> int:
    """The offset behind `mark` and the spaces around it."""
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise JSONDecodeError(f"expected {mark}", text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()
