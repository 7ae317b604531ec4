#!/bin/sh
# mypy 2.4.1 with mypyc, CPython 3.11: an attribute is set to None, a method gives it a value, and then it is looked at.
#
# Expected: compiled, the same as in Python. mypy has no complaint (also --strict).
# Seen: mypy still takes the attribute for None after the call, and mypyc trusts that: it reads the attribute as a None, and
# raises TypeError where it is another. Only `mypy --warn-unreachable` tells, and --strict does not imply it.
#
# Output seen:
#   python: looked
#   mypyc: TypeError: None object expected; got str
#
# Keyless: asks a property, which nothing narrows; tests run against the compiled build. Needs a C compiler. Exits 1 once it
# is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'mypy[mypyc]==2.4.1' 'setuptools==80.9.0'
cd "$folder"
cat > queue_.py <<'PYTHON'
class Queue:
    def __init__(self) -> None:
        self.current: str | None = None

    def advance(self) -> None:
        self.current = "next"

    def look(self) -> str:
        self.current = None
        self.advance()
        if self.current is not None:
            return "looked"
        return "nothing there"
PYTHON
cat > ask.py <<'PYTHON'
import queue_
try:
    print(queue_.Queue().look())
except TypeError as error:
    print(f"TypeError: {error}")
PYTHON
venv/bin/mypy --strict queue_.py >/dev/null
plain=$(venv/bin/python ask.py)
venv/bin/mypyc queue_.py >/dev/null 2>&1
rm queue_.py
compiled=$(venv/bin/python ask.py)
echo "python: $plain"
echo "mypyc: $compiled"
[ "$plain" = looked ] && [ "$compiled" = "TypeError: None object expected; got str" ]
