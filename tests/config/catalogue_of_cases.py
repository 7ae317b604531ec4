"""The presets that the cases use, in place of the package's own."""

from pathlib import Path

from proxy.config.written.marks import parse
from proxy.config.written.preset import Preset, read_preset

CASES = Path(__file__).parent.parent / "cases"


def read(path: Path) -> Preset:
    document = parse(path.read_bytes(), path.name)
    assert not document.problems
    return read_preset(document.tree)


CATALOGUE = {path.stem: read(path) for path in sorted((CASES / "presets").glob("*.yaml"))}
