"""Presets by words that a person types, in English or Chinese, not always as they are written. Pure.

Owns: which presets words mean, best first. Must not know: how they are shown, where they lie.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import NamedTuple

from proxy.config.families import FAMILIES
from proxy.config.written.preset import Preset

_PIECES = re.compile(r"[a-z0-9._]+|[\u3400-\u9fff]+")
_IN_NAME, _WORD, _BEGINNING, _PART, _ELSEWHERE, _NEAR = 70, 60, 50, 40, 15, 10
"""What a word is worth: as a word of the name, of the title, as the beginning of one, inside one, in the rest,
misspelt."""
_ALIKE = 0.75
_SHORTEST_TYPO = 4
_SAME_NAME = 0.9
_COVERED = 0.3
_WORTH_SHOWING = 0.5


class _Texts(NamedTuple):
    names: tuple[str, ...]
    of_names: frozenset[str]  # their pieces
    title: tuple[str, ...]  # its pieces, and those of the names
    whole: str  # title and names
    rest: str
    ended: bool


def search(words: str, catalogue: Mapping[str, Preset]) -> list[str]:
    """The presets that fit every word, or all as one, best first; where none does, those whose names and titles are
    near. Of equal ones, what its vendor has ended comes last.
    """
    pieces = _pieces(words)
    if not pieces:
        return []
    texts = {name: _texts(name, preset) for name, preset in catalogue.items()}
    whole = _folded(words.strip())
    first = [name for name, text in texts.items() if whole in text.names]
    return [*first, *(name for name in _fitting(pieces, texts) if name not in first)]


def _fitting(pieces: Sequence[str], texts: Mapping[str, _Texts]) -> list[str]:
    as_one = _ranked(["".join(pieces)], texts, _as_one_word) if len(pieces) > 1 else []
    first, others = as_one, _ranked(pieces, texts, _as_written)
    if not first and not others:
        first = get_close_matches("-".join(pieces), texts, 1, _SAME_NAME)
        others = _ranked(pieces, texts, _nearly)
    return [*first, *(name for name in others if name not in first)]


def named(word: str, catalogue: Mapping[str, Preset]) -> str | None:
    """The preset that is called so, or whose alias it is."""
    if word in catalogue:
        return word
    alias = word.casefold()
    return next((name for name, preset in catalogue.items() if alias in map(str.casefold, preset.aliases)), None)


def _ranked(pieces: Sequence[str], texts: Mapping[str, _Texts], worth: Callable[[str, _Texts], int]) -> list[str]:
    scores: dict[str, int] = {}
    for name, text in texts.items():
        several = [worth(piece, text) for piece in pieces]
        if all(several):
            scores[name] = sum(several)
    least = _WORTH_SHOWING * max(scores.values(), default=0)
    worth_showing = (name for name in scores if scores[name] >= least)
    return sorted(worth_showing, key=lambda name: (-scores[name], texts[name].ended, len(name), name))


def _texts(name: str, preset: Preset) -> _Texts:
    names = [_folded(each) for each in (name, *preset.aliases)]
    title = _folded(preset.title)
    variables = (variable for parameter in preset.parameters.values() for variable in parameter.variables)
    rest = [preset.summary, FAMILIES.get(preset.family or "", ""), preset.base() or "", *variables]
    whole = " ".join((*names, title))
    of_names = frozenset(piece for each in names for piece in _pieces(each))
    ended = preset.ended is not None
    return _Texts(tuple(names), of_names, tuple(_pieces(whole)), whole, _folded(" ".join(rest)), ended)


def _folded(text: str) -> str:
    """Full-width letters are letters (NFKC); case is none."""
    return unicodedata.normalize("NFKC", text).casefold()


def _pieces(text: str) -> list[str]:
    """Words of letters, and runs of Chinese, in which nothing tells where a word ends."""
    return _PIECES.findall(_folded(text))


def _as_one_word(piece: str, text: _Texts) -> int:
    """Words that their vendor writes together: `Open AI`."""
    return _IN_NAME if piece in text.of_names else _WORD * (piece in text.title)


def _as_written(piece: str, text: _Texts) -> int:
    if piece in text.of_names:
        return _IN_NAME
    if piece in text.title:
        return _WORD
    if any(word.startswith(piece) for word in text.title):
        return _BEGINNING
    if piece in text.whole:
        return _PART
    return _ELSEWHERE if piece in text.rest else 0


def _nearly(piece: str, text: _Texts) -> int:
    """Also as written: where one word of several is misspelt, the others count as they are."""
    if as_written := _as_written(piece, text):
        return as_written
    if piece > "\u3400":
        return round(_NEAR * _near_chinese(piece, text))
    near = _near_letters(piece, text.title)
    return round(_NEAR * near + _NEAR * _near_letters(piece, (*text.names, *text.of_names))) if near else 0


def _near_letters(piece: str, words: Iterable[str]) -> float:
    if len(piece) < _SHORTEST_TYPO:
        return 0.0
    best = max((_likeness(piece, word) for word in words), default=0.0)
    return best if best >= _ALIKE else 0.0


def _likeness(one: str, other: str) -> float:
    if abs(len(one) - len(other)) > len(one) // 2:
        return 0.0
    return SequenceMatcher(None, one, other).ratio()


def _near_chinese(piece: str, text: _Texts) -> float:
    """Several words written together, of which each pair of neighbours is looked for; or one wrong character."""
    pairs = [piece[at : at + 2] for at in range(len(piece) - 1)]
    covered = sum(pair in text.whole or pair in text.rest for pair in pairs) / len(pairs) if pairs else 0.0
    if len(pairs) > 1 and covered >= _COVERED:
        return covered
    windows = (text.whole[at : at + len(piece)] for at in range(len(text.whole) - len(piece) + 1))
    wrong = min((sum(a != b for a, b in zip(piece, window, strict=True)) for window in windows), default=len(piece))
    return 0.5 if len(piece) - wrong > 0 and wrong <= 1 and len(piece) > 1 else 0.0
