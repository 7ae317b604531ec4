#!/bin/sh
# mypy 2.4.1 with mypyc, CPython 3.11 and 3.13: an exception class of one's own that assigns a field, `self.cut = cut`.
#
# Expected: compiled, its fields are where those of every exception are, in `__dict__` and in what `__reduce__` gives.
# Seen: on 3.11 they are in the first and not in the second, so that `copy.copy(error).cut` raises AttributeError; on 3.13
# they are in the second, and there is no `__dict__`: `vars(error)` raises TypeError.
#
# Output seen:
#   python3.11: {'cut': True} {}
#   python3.13: TypeError {'cut': True}
#
# Keyless: asks both (`twin` in proxy/wire/flow.py). Needs a C compiler and both Pythons. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > broken.py <<'PYTHON'
class Broken(Exception):
    def __init__(self, reason: str, cut: bool) -> None:
        super().__init__(reason)
        self.cut = cut
PYTHON
cat > ask.py <<'PYTHON'
import broken
error = broken.Broken("x", True)
try:
    told = vars(error)
except TypeError:
    told = "TypeError"
parts = error.__reduce__()
print(told, parts[2] if len(parts) > 2 else {})
PYTHON
for version in 3.11 3.13; do
  mkdir "$version"
  cp broken.py ask.py "$version"
  "python$version" -m venv "$version/venv"
  "$version/venv/bin/pip" install --quiet --disable-pip-version-check 'mypy[mypyc]==2.4.1' 'setuptools==80.9.0'
  (cd "$version" && venv/bin/mypyc broken.py >/dev/null 2>&1 && rm broken.py)
  echo "python$version: $(cd "$version" && venv/bin/python ask.py)" | tee -a seen
done
[ "$(cat seen)" = "python3.11: {'cut': True} {}
python3.13: TypeError {'cut': True}" ]
