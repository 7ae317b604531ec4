"""The presets that a command knows: the package's, and those of the config's own folders.

Must not know: what is done with them.
"""

from __future__ import annotations

from pathlib import Path

from proxy.cli.kit.options import fail
from proxy.config.own_presets import Joined, own_presets
from proxy.config.presets import presets
from proxy.config.written.merge import merge
from proxy.config.written.read import read


def catalogue_or_exit(config: Path) -> Joined:
    """Of a config that may have problems of other kinds, or not be there; exit code 2 where a preset has some."""
    own = own_presets(merge(read(config)), config.parent)
    if own.problems:
        fail("\n".join(map(str, own.problems)), 2)
    return Joined(own, presets())
