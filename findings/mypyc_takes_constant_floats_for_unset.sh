#!/bin/sh
# mypy 2.4.1 with mypyc, CPython 3.11: a constant tuple of floats, `BOUNDS: Final = (0.5, 1.0)`, read by a function.
#
# Expected: compiled, the same as in Python.
# Seen: the function raises NameError, though the module has the constant: `Final` makes it a tuple of unboxed floats, and
# the check whether it was set takes it for unset. As `Final[tuple[float, ...]]` it is an ordinary tuple, and all is well.
#
# Output seen:
#   python: 2
#   mypyc: NameError: value for final name "BOUNDS" was not set
#
# Keyless: says the type (proxy/figures/histogram.py), and a test looks for constants that do not. Needs a C compiler.
# Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'mypy[mypyc]==2.4.1' 'setuptools==80.9.0'
cd "$folder"
cat > bounds.py <<'PYTHON'
from typing import Final

BOUNDS: Final = (0.5, 1.0)


def bounds() -> tuple[float, ...]:
    return BOUNDS
PYTHON
cat > ask.py <<'PYTHON'
import bounds
try:
    print(len(bounds.bounds()))
except NameError as error:
    print(f"NameError: {error}")
PYTHON
plain=$(venv/bin/python ask.py)
venv/bin/mypyc bounds.py >/dev/null 2>&1
rm bounds.py
compiled=$(venv/bin/python ask.py)
echo "python: $plain"
echo "mypyc: $compiled"
[ "$plain" = 2 ] && [ "$compiled" = 'NameError: value for final name "BOUNDS" was not set' ]
