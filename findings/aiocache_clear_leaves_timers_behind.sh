#!/bin/sh
# aiocache 0.12.3, CPython 3.11, its cache in memory: a token is kept with a `ttl`; after `clear()` a new one is kept under the same
# key, for longer.
#
# Expected: the new one lives for its own ttl.
# Seen: it goes when the old one would have: `clear` forgets the timers without ending them, and a timer deletes by key. After
# `delete` in the place of `clear` all is well.
#
# Output seen (looked at after 0.5 s; ttl 0.2 s, then 60 s):
#   clear: None
#   delete: new
#
# Keyless: an end is a time that is looked at, in memory and in the store, never a timer (proxy/auth/life). Exits 1 once it is
# otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'aiocache==0.12.3'
cat > "$folder/ask.py" <<'PYTHON'
import asyncio
import sys

from aiocache import SimpleMemoryCache


async def after(forget):
    cache = SimpleMemoryCache()
    await cache.set("token", "old", ttl=0.2)
    await forget(cache)
    await cache.set("token", "new", ttl=60)
    await asyncio.sleep(0.5)
    return await cache.get("token")


cleared = asyncio.run(after(lambda cache: cache.clear()))
deleted = asyncio.run(after(lambda cache: cache.delete("token")))
print("clear:", cleared)
print("delete:", deleted)
sys.exit(0 if (cleared, deleted) == (None, "new") else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
