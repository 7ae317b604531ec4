#!/bin/sh
# diskcache 5.6.3, CPython 3.11: two programs take turns with one `Lock(cache, key, expire=...)`, as for a token's renewal, and the
# first takes longer than `expire`.
#
# Expected: the lock passes on; who held it before can't take it from the one who holds it now.
# Seen: `release` removes the key, whoever's it is: the late one frees the lock of the next, and a third one walks in beside it.
# `RLock` knows its owner, and says so with an AssertionError, which `python -O` removes.
#
# Output seen:
#   Lock: the second still holds it after the first's release: False
#   RLock: AssertionError
#
# Keyless: a lease names its owner, who alone can renew or end it, and a write that comes too late is refused by its generation
# (docs/lifecycle.md); on one machine the kernel's flock, which does not expire. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'diskcache==5.6.3'
cat > "$folder/ask.py" <<'PYTHON'
import sys
import time

import diskcache

cache = diskcache.Cache(sys.argv[1])
first, second = diskcache.Lock(cache, "token", expire=0.2), diskcache.Lock(cache, "token", expire=60)
first.acquire()
time.sleep(0.5)
second.acquire()
first.release()
held = second.locked()
print("Lock: the second still holds it after the first's release:", held)
owned = diskcache.RLock(cache, "owned", expire=0.2)
owned.acquire()
time.sleep(0.5)
try:
    owned.release()
    said = "released"
except AssertionError:
    said = "AssertionError"
print("RLock:", said)
sys.exit(0 if (held, said) == (False, "AssertionError") else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" "$folder/cache"
