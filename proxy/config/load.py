"""A config file, with all that belongs to it, becomes a `Loaded` or a ConfigError with every problem.

Owns: what callers ask for, a config anew or its secrets alone, and that the process's environment is the default. Must
not know: how files are read (read.py), what is done with what they say (build.py).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from proxy.config.build import build, in_order
from proxy.config.loaded import Loaded, Written
from proxy.config.own_presets import own_presets
from proxy.config.secrets.resolve import Sources
from proxy.config.secrets.store_key import keys_of, with_key
from proxy.config.written.merge import merge
from proxy.config.written.named import Catalogue
from proxy.config.written.read import read
from proxy.config.written.reference import Reference
from proxy.errors import ConfigError


def load(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    strict: bool = False,
    catalogue: Catalogue | None = None,
    known: Mapping[Reference, str] | None = None,
    commands: Collection[str] | None = None,
) -> Loaded:
    """Raises ConfigError with every problem at once. `strict` makes a provider's missing secrets problems too.

    `known` are the values of an earlier load, for references that lead nowhere at the moment. `commands`: the only ones
    that may be run; any other raises HeldBack.
    """
    documents = read(path)
    files = tuple(each.file for each in documents)
    document = merge(documents)
    if not all(each.complete for each in documents):
        raise ConfigError(in_order(document.problems, files))
    own = own_presets(document, path.parent)
    if own.problems:  # what is said of a config whose presets can't be read is not worth reading
        raise ConfigError(in_order((*document.problems, *own.problems), (*files, *own.places)))
    written = Written(document, (*files, *own.places), path.parent, environ, strict, catalogue, own)
    return build(written, _sources(path.parent, environ, known, commands))


def again(loaded: Loaded, commands: Collection[str] | None = None) -> Loaded:
    """The same config, though its files may have changed, with its secrets read anew. Raises ConfigError, HeldBack."""
    written = loaded.written
    assert written is not None  # noqa: S101 -- it comes from `load`
    return build(written, _sources(written.folder, written.environ, loaded.values, commands))


def store_keys(path: Path, *, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The keys for sealing, as far as they can be told of a config that may have problems, or not be there."""
    tree = merge(read(path)).tree
    sources = _sources(path.parent, environ)
    return keys_of(with_key(tree, sources), sources)


def _sources(
    folder: Path,
    environ: Mapping[str, str] | None,
    known: Mapping[Reference, str] | None = None,
    commands: Collection[str] | None = None,
) -> Sources:
    return Sources(folder, os.environ if environ is None else environ, known or {}, commands)
