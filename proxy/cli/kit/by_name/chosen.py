"""The presets that a command line names.

Must not know: what is done with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxy.cli.kit.by_name.search import named, search
from proxy.cli.kit.options import fail
from proxy.config.written.preset import Preset


def chosen_or_exit(words: Sequence[str], catalogue: Mapping[str, Preset]) -> list[str]:
    """Their names, each once. Exit code 2 where one is unknown; all that are unknown are told of."""
    names = {word: named(word, catalogue) for word in words}
    if unknown := [word for word, name in names.items() if name is None]:
        fail("\n".join(_unknown(word, catalogue) for word in unknown), 2)
    return list(dict.fromkeys(name for name in names.values() if name is not None))


def _unknown(word: str, catalogue: Mapping[str, Preset]) -> str:
    near = search(word, catalogue)[:3]
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `keyless presets` lists all"
    return f"there is no preset '{word}'{hint}"
